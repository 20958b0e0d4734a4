import type { Config } from './config.ts'
import { type Catalog, loadPresets } from './presets/catalog.ts'
import type { Problem } from './presets/findings.ts'
import type { Loaded } from './watched-file.ts'

/** Reads the presets file, and checks it against the settings that it depends on. */
export async function loadCatalog(config: Config): Promise<Loaded<Catalog, readonly Problem[]>> {
  const { presetsFile: fileName, allowedOrigins, callers, defaultPreset, upstream } = config
  const surroundings = { fileName, allowedOrigins, authMode: callers.mode, defaultPreset, api: upstream.api }
  const loaded = await loadPresets(fileName, surroundings)
  return 'problems' in loaded ? { refused: loaded.problems } : { value: loaded.catalog }
}
