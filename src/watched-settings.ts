/** The presets and the API key, read again when their files change: what the log and the audit say then. */
import type { Logger } from 'pino'
import type { Audit } from './audit/audit.ts'
import type { Conditions } from './conditions.ts'
import type { Config } from './config.ts'
import { loadCatalog } from './load-catalog.ts'
import type { Catalog, Refusal } from './presets/load/catalog.ts'
import { toListed } from './problems.ts'
import type { Secret } from './secret.ts'
import { loadApiKey } from './settings/upstream.ts'
import { createFixed, createWatchedFile, type Watched } from './watched-file.ts'

export interface WatchDependencies {
  readonly audit: Audit
  readonly conditions: Conditions
  readonly logger: Logger
}

export function watchPresets(
  config: Config,
  initial: Catalog,
  { audit, conditions, logger }: WatchDependencies,
): Watched<Catalog> {
  function record(catalog: Catalog): void {
    audit
      .recordPresets(catalog)
      .catch(() => logger.error('the presets in effect could not be recorded in the audit'))
  }

  record(initial)
  return createWatchedFile<Catalog, Refusal>({
    path: config.presetsFile,
    initial,
    load: () => loadCatalog(config),
    isSame: (one, other) => one.revision === other.revision,
    onValid: () => {
      if (conditions.end('presets_file')) logger.warn('presets file valid again')
    },
    onReplaced: (catalog) => {
      logger.info(
        { presets: catalog.presets.size, revision: catalog.revision, warnings: toListed(catalog.warnings) },
        'presets reloaded',
      )
      record(catalog)
    },
    onRefused: ({ problems, warnings }) => {
      conditions.begin('presets_file', 'invalid')
      logger.error(
        { problems: toListed(problems), warnings: toListed(warnings) },
        'presets not reloaded: the last valid ones stay in effect. Fix the problems in the file',
      )
    },
  })
}

export function watchApiKey(
  { upstream }: Config,
  { audit, conditions, logger }: WatchDependencies,
): Watched<Secret> {
  const { apiKey: initial, apiKeyFile: path } = upstream
  if (path === undefined) return createFixed(initial)

  const key = createWatchedFile<Secret, string>({
    path,
    initial,
    load: () => loadApiKey(path),
    isSame: (one, other) => one.equals(other),
    onValid: () => {
      if (conditions.end('api_key_file')) logger.warn('file of the API key valid again')
    },
    onReplaced: (secret) => {
      logger.info('API key replaced')
      audit
        .recordKey(secret)
        .catch(() => logger.error('the change of the API key could not be recorded in the audit'))
    },
    onRefused: (problem) => {
      conditions.begin('api_key_file', 'invalid')
      logger.error(
        { problem: `OPENAI_API_KEY_FILE: ${problem}` },
        'API key not replaced: the last valid one stays in use. Fix the file',
      )
    },
  })
  // The file may have changed since the settings were read.
  void key.reload()
  return key
}

/** Reads both files again. The log says what changed. */
export async function reloadAll(
  { presets, apiKey }: { readonly presets: Watched<Catalog>; readonly apiKey: Watched<Secret> },
  logger: Logger,
) {
  const [ofPresets, ofKey] = await Promise.all([presets.reload(), apiKey.reload()])
  const reloaded = { presets: ofPresets, api_key: ofKey }
  logger.info(reloaded, 'reload done')
  return reloaded
}
