import { unixNow } from './clocks.ts'
import { loadPresets, type ParseResult } from './presets/load/catalog.ts'
import type { ParseOptions } from './presets/load/remarks.ts'
import { isOpenAiUrl } from './presets/schema/models.ts'

/** The settings that a presets file is checked against, under the names of the configuration. */
export interface PresetSettings extends Pick<ParseOptions, 'allowedOrigins' | 'defaultPreset'> {
  readonly presetsFile: string
  readonly callers: { readonly mode: ParseOptions['authMode'] }
  readonly upstream: { readonly api: ParseOptions['api']; readonly baseUrl: URL }
}

/** Reads the presets file, and checks it against the settings that it depends on. */
export async function loadCatalog(settings: PresetSettings): Promise<ParseResult> {
  const { presetsFile: fileName, allowedOrigins, callers, defaultPreset, upstream } = settings
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
