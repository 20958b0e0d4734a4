/** `realtime-mint check`: what the service would do with these settings and presets, without starting it. */
import { type Config, type Environment, parseConfig, parsePresetSettings } from '../config.ts'
import { loadCatalog } from '../load-catalog.ts'
import { upstreamPaths } from '../openai/http-call.ts'
import { type Preset, showBody } from '../presets/preset.ts'
import { ConfigError, toListed } from '../problems.ts'
import { Misuse, parseArguments } from './arguments.ts'
import { type Command, counted, toJson } from './command.ts'
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
  readonly presets: readonly ReturnType<typeof toSent>[]
  /** What upstream answered for each preset; empty without `--live`. */
  readonly live: readonly LiveMint[]
}

const noRemarks: Remarks = { problems: [], warnings: [] }

const join = (one: Remarks, other: Remarks): Remarks => ({
  problems: [...one.problems, ...other.problems],
  warnings: [...one.warnings, ...other.warnings],
})

function tryConfig({ environment, environmentWarnings }: CheckOptions): Remarks & { config?: Config } {
  try {
    const config = parseConfig(environment, environmentWarnings)
    return { config, problems: [], warnings: config.warnings }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { problems: error.problems, warnings: error.warnings }
  }
}

/** What a request without overrides would send; variables are shown as `{{name}}`. */
function toSent({ name, revision, endpoint, template, expiresAfterSeconds }: Preset) {
  const body: unknown = JSON.parse(showBody(template, expiresAfterSeconds))
  // The path is the one after `/realtime`.
  return { name, revision, path: upstreamPaths[endpoint], body }
}

/** Checks settings, what they name, and the presets file. Reports everything that is wrong. */
export async function check(options: CheckOptions): Promise<Findings> {
  const { environment, live: isLive } = options
  const { config, ...ofSettings } = tryConfig(options)
  // Bad settings hide no problem of the presets file.
  const settings = config ?? parsePresetSettings(environment)
  const file = options.file ?? settings.presetsFile
  const loaded = await loadCatalog({ ...settings, presetsFile: file })
  const catalog = 'value' in loaded ? loaded.value : undefined
  const presets = [...(catalog?.presets.values() ?? [])]
  const isWhole = options.file === undefined
  const named = isWhole && config !== undefined ? await runPreflight(environment, config) : noRemarks
  const ofPresets = 'refused' in loaded ? loaded.refused : { problems: [], warnings: loaded.value.warnings }
  const found = join(isWhole ? join(ofSettings, named) : noRemarks, ofPresets)
  const isReady = isLive && config !== undefined && found.problems.length === 0
  const { live, ...minted } = isReady ? await mintEach(config.upstream, presets) : { live: [], ...noRemarks }
  const revision = catalog?.revision ?? null
  return { file, ...join(found, minted), revision, presets: presets.map(toSent), live }
}

const toSection = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`

const toLiveLine = ({ preset, status, code, param, reason }: LiveMint): string =>
  `${preset}: ${reason ?? 'minted'} (status ${status ?? 'none'}, code ${code ?? 'none'}, param ${param ?? 'none'})`

/** Says to which file the problems belong. */
function toVerdict(file: string, problems: readonly string[]): string {
  const ofPresets = problems.filter((line) =>
    [`${file}:`, `${file} `].some((start) => line.startsWith(start)),
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
  const { values, operand: file } = parseArguments(args, options, { maxOperands: 1 })
  const { json, live } = values
  if (live && file !== undefined) throw new Misuse('takes --live without a file.')
  const findings = await check({ file, environment, environmentWarnings, live })
  const { problems, warnings } = findings
  const listed = { ...findings, problems: toListed(problems), warnings: toListed(warnings) }
  await write(json ? toJson(listed) : toReport(findings))
  return findings.problems.length === 0 ? 0 : EXIT_CONFIG
}
