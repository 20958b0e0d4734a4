import { unixNow } from './clocks.ts'
import type { Config } from './config.ts'
import { loadPresets, type ParseResult } from './presets/load/catalog.ts'
import { isOpenAiUrl } from './presets/schema/models.ts'

/** Reads the presets file, and checks it against the settings that it depends on. */
export async function loadCatalog(config: Config): Promise<ParseResult> {
  const { presetsFile: fileName, allowedOrigins, callers, defaultPreset, upstream } = config
  return await loadPresets(fileName, {
    fileName,
    allowedOrigins,
    authMode: callers.mode,
    defaultPreset,
    api: upstream.api,
    isOpenAi: isOpenAiUrl(upstream.baseUrl.href),
    unixNow,
  })
}
