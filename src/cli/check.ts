/** `realtime-mint check`: what the service would do with these settings and presets, without starting it. */
import { type Config, type Environment, parseConfig } from '../config.ts'
import { upstreamPaths } from '../openai/http-call.ts'
import { showBody } from '../presets/body.ts'
import { type Catalog, loadPresets } from '../presets/load/catalog.ts'
import type { Problem } from '../presets/load/findings.ts'
import type { Preset } from '../presets/preset.ts'
import { isOpenAiUrl } from '../presets/schema/models.ts'
import { ConfigError, toListed } from '../problems.ts'
import { Misuse, parseArguments } from './arguments.ts'
import { type Command, toJson } from './command.ts'
import { EXIT_CONFIG } from './exit.ts'
import { LIVE_SECONDS, type LiveMint, mintEach } from './live.ts'
import { type Remarks, runPreflight } from './preflight.ts'

export interface CheckOptions {
  /** Checks only this presets file; undefined checks the settings too. */
  readonly file: string | undefined
  readonly environment: Environment
  readonly environmentWarnings?: readonly string[]
  /** Whether to mint a client secret for each preset if there is no problem. */
  readonly live: boolean
}

export interface Findings extends Remarks {
  readonly file: string
  readonly revision: string | null
  readonly presets: readonly SentPreset[]
  /** What upstream answered for each preset; empty without `--live`. */
  readonly live: readonly LiveMint[]
}

/** What a request without overrides would send; variables are shown as `{{name}}`. */
export interface SentPreset {
  readonly name: string
  readonly revision: string
  /** After the base URL's `/realtime`. */
  readonly path: string
  readonly body: unknown
}

function tryConfig({ environment, environmentWarnings }: CheckOptions): {
  config?: Config
  problems: readonly string[]
  warnings: readonly string[]
} {
  try {
    const config = parseConfig(environment, environmentWarnings)
    return { config, problems: [], warnings: config.warnings }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems, warnings: error.warnings }
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

function toFindings(file: string, catalog: Catalog, { problems, warnings }: Remarks): Findings {
  return {
    file,
    problems,
    warnings: [...warnings, ...catalog.warnings.map(toText)],
    revision: catalog.revision,
    presets: [...catalog.presets.values()].map(toSentPreset),
    live: [],
  }
}

/** Reads the settings and looks at what they name, unless only a presets file is checked. */
async function toRemarks(
  { config, problems, warnings }: ReturnType<typeof tryConfig>,
  { file, environment }: CheckOptions,
): Promise<Remarks> {
  if (file !== undefined) return noFindings
  const found = config === undefined ? noFindings : await runPreflight(environment, config)
  return { problems: [...problems, ...found.problems], warnings: [...warnings, ...found.warnings] }
}

/** Checks settings, what they name, and the presets file. Reports everything that is wrong. */
export async function check(options: CheckOptions): Promise<Findings> {
  const { file, environment, live } = options
  const settings = tryConfig(options)
  const { config } = settings
  const fileName = file ?? config?.presetsFile ?? (environment['PRESETS_FILE'] || 'presets.yaml')
  const loaded = await loadPresets(fileName, {
    fileName,
    // Unknown without valid settings. The rest can still be checked.
    allowedOrigins: config?.allowedOrigins,
    authMode: environment['AUTH_MODE'] === 'jwt' ? 'jwt' : 'none',
    defaultPreset: environment['DEFAULT_PRESET'] || undefined,
    api: environment['OPENAI_REALTIME_API'] === 'sessions' ? 'sessions' : 'client_secrets',
    isOpenAi: isOpenAiUrl(environment['OPENAI_BASE_URL'] || 'https://api.openai.com/v1'),
    unixNow: () => Date.now(),
  })
  const remarks = await toRemarks(settings, options)
  if (!('catalog' in loaded)) {
    const all = [...remarks.problems, ...loaded.problems.map(toText)]
    const warnings = [...remarks.warnings, ...loaded.warnings.map(toText)]
    return { file: fileName, problems: all, warnings, revision: null, presets: [], live: [] }
  }
  const findings = toFindings(fileName, loaded.catalog, remarks)
  const isReady = live && config !== undefined && remarks.problems.length === 0
  if (!isReady) return findings
  const minted = await mintEach(config.upstream, [...loaded.catalog.presets.values()])
  return {
    ...findings,
    live: minted.live,
    problems: [...findings.problems, ...minted.problems],
    warnings: [...findings.warnings, ...minted.warnings],
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const toSection = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`

const toLiveLine = ({ preset, status, code, param, reason }: LiveMint): string =>
  `${preset}: ${reason ?? 'minted'} (status ${status ?? 'none'}, code ${code ?? 'none'}, param ${param ?? 'none'})`

/** Says to which file the problems belong. */
function toVerdict(file: string, problems: readonly string[]): string {
  const ofPresets = problems.filter(
    (line) => line.startsWith(`${file}:`) || line.startsWith(`${file} `),
  ).length
  const ofUpstream = problems.filter((line) => line.startsWith('--live:')).length
  const ofSettings = problems.length - ofPresets - ofUpstream
  const lines = [
    ...(ofUpstream === 0 ? [] : [`upstream: ${counted(ofUpstream, 'problem')}`]),
    ...(ofSettings === 0 ? [] : [`settings: ${counted(ofSettings, 'problem')}`]),
    `${file}: ${ofPresets === 0 ? 'no problems' : counted(ofPresets, 'problem')}`,
  ]
  return `${lines.join('\n')}\n`
}

/** The findings for people. The verdict is last, so that it stays in sight. */
export function toReport({ file, problems, warnings, revision, presets, live }: Findings): string {
  const sent = presets.map(
    ({ name, revision: own, path, body }) =>
      `${name} (revision ${own})\nPOST …/realtime${path}\n${JSON.stringify(body, null, 2)}\n\n`,
  )
  const verdict =
    problems.length === 0
      ? `${file}: ${counted(presets.length, 'preset')}, revision ${revision}, no problems, ${counted(warnings.length, 'warning')}\n`
      : toVerdict(file, problems)
  const minted = toSection(`Client secrets of ${LIVE_SECONDS} s`, live.map(toLiveLine))
  return `${sent.join('')}${minted}${toSection('Warnings', toListed(warnings))}${toSection('Problems', toListed(problems))}${verdict}`
}

/** `realtime-mint check` */
export const runCheck: Command = async (args, { environment, environmentWarnings, write }) => {
  const options = {
    json: { type: 'boolean', default: false },
    live: { type: 'boolean', default: false },
  } as const
  const {
    values: { json, live },
    operands: [file],
  } = parseArguments(args, options, 1)
  if (live && file !== undefined) throw new Misuse('takes --live without a file.')
  const findings = await check({ file, environment, environmentWarnings, live })
  const { problems, warnings } = findings
  const listed = { ...findings, problems: toListed(problems), warnings: toListed(warnings) }
  await write(json ? toJson(listed) : toReport(findings))
  return findings.problems.length === 0 ? 0 : EXIT_CONFIG
}
