import { unixNow } from './clocks.ts'
import type { Config } from './config.ts'
import { type Catalog, loadPresets, type Refusal } from './presets/load/catalog.ts'
import { isOpenAiUrl } from './presets/schema/models.ts'
import type { Loaded } from './watched-file.ts'

/** Reads the presets file, and checks it against the settings that it depends on. */
export async function loadCatalog(config: Config): Promise<Loaded<Catalog, Refusal>> {
  const { presetsFile: fileName, allowedOrigins, callers, defaultPreset, upstream } = config
  const loaded = await loadPresets(fileName, {
    fileName,
    allowedOrigins,
    authMode: callers.mode,
    defaultPreset,
    api: upstream.api,
    isOpenAi: isOpenAiUrl(upstream.baseUrl.href),
    unixNow,
  })
  return 'problems' in loaded ? { refused: loaded } : { value: loaded.catalog }
}
