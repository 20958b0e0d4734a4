/** `realtime-mint check`: what the service would make of settings and presets, without starting it. */
import { type Config, ConfigError, type Environment, parseConfig } from './config.ts'
import { upstreamPaths } from './openai/exchange.ts'
import { showBody } from './presets/body.ts'
import { type Catalog, loadPresets } from './presets/catalog.ts'
import type { Preset } from './presets/preset.ts'
import type { Problem } from './presets/problem.ts'

export interface CheckOptions {
  /** Judges this presets file alone, whatever the settings are; undefined judges the settings too. */
  readonly file: string | undefined
  readonly environment: Environment
}

export interface Findings {
  readonly file: string
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  readonly revision: string | null
  readonly presets: readonly SentPreset[]
}

/** What a request that changes nothing would send; variables stand as `{{name}}`. */
export interface SentPreset {
  readonly name: string
  readonly revision: string
  /** Behind the base URL's `/realtime`. */
  readonly path: string
  readonly body: unknown
}

function tryConfig(environment: Environment): { config?: Config; problems: readonly string[] } {
  try {
    return { config: parseConfig(environment), problems: [] }
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems }
    throw error
  }
}

const noFindings = { problems: [], warnings: [] } as const

const toText = ({ text }: Problem): string => text

const toSentPreset = ({ name, revision, endpoint, template, expiresAfterSeconds }: Preset): SentPreset => ({
  name,
  revision,
  path: upstreamPaths[endpoint],
  body: JSON.parse(showBody(template, expiresAfterSeconds)),
})

function toFindings(
  file: string,
  catalog: Catalog,
  { problems, warnings }: Pick<Findings, 'problems' | 'warnings'>,
): Findings {
  return {
    file,
    problems,
    warnings: [...warnings, ...catalog.warnings.map(toText)],
    revision: catalog.revision,
    presets: [...catalog.presets.values()].map(toSentPreset),
  }
}

/** Reads settings and presets file and reports all that is wrong with either. */
export async function check({ file, environment }: CheckOptions): Promise<Findings> {
  const { config, problems } = tryConfig(environment)
  const fileName = file ?? config?.presetsFile ?? (environment['PRESETS_FILE'] || 'presets.yaml')
  const loaded = await loadPresets(fileName, {
    fileName,
    // Without good settings nobody knows which origins are allowed; all the rest can be judged.
    allowedOrigins: config?.allowedOrigins,
    authMode: config?.callers.mode ?? (environment['AUTH_MODE'] === 'jwt' ? 'jwt' : 'none'),
    defaultPreset: config?.defaultPreset,
    api: config?.upstream.api ?? 'client_secrets',
  })
  const settings = file === undefined ? { problems, warnings: config?.warnings ?? [] } : noFindings
  if ('catalog' in loaded) return toFindings(fileName, loaded.catalog, settings)
  const all = [...settings.problems, ...loaded.problems.map(toText)]
  return { file: fileName, problems: all, warnings: [], revision: null, presets: [] }
}

const toSection = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`

/** The findings for people: what is sent, then what to look at, then the verdict, which stays in sight. */
export function toReport({ file, problems, warnings, revision, presets }: Findings): string {
  const sent = presets.map(
    ({ name, revision: own, path, body }) =>
      `${name} (revision ${own})\nPOST …/realtime${path}\n${JSON.stringify(body, null, 2)}\n\n`,
  )
  const verdict =
    problems.length === 0
      ? `${file}: ${presets.length} presets, revision ${revision}, no problems, ${warnings.length} warnings\n`
      : `${file}: ${problems.length} problems\n`
  return `${sent.join('')}${toSection('Warnings', warnings)}${toSection('Problems', problems)}${verdict}`
}
