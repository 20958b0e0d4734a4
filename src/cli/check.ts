/** `realtime-mint check`: what the service would make of settings, presets and surroundings, without starting it. */
import { randomUUID } from 'node:crypto'
import { type Config, type Environment, parseConfig } from '../config.ts'
import { upstreamPaths } from '../openai/http-call.ts'
import { createUpstream } from '../openai/mint.ts'
import { showBody } from '../presets/body.ts'
import { type Catalog, loadPresets } from '../presets/catalog.ts'
import type { Problem } from '../presets/findings.ts'
import { isOpenAiUrl } from '../presets/models.ts'
import type { Preset } from '../presets/preset.ts'
import { ConfigError, toListed } from '../problems.ts'
import { Misuse, parseArguments } from './arguments.ts'
import { type Command, toJson } from './command.ts'
import { EXIT_CONFIG } from './exit.ts'
import { type Remarks, runPreflight } from './preflight.ts'

export interface CheckOptions {
  /** Judges this presets file alone, whatever the settings are; undefined judges the settings too. */
  readonly file: string | undefined
  readonly environment: Environment
  /** Whether one client secret is to be minted, where nothing is wrong so far. */
  readonly live: boolean
}

export interface Findings extends Remarks {
  readonly file: string
  readonly revision: string | null
  readonly presets: readonly SentPreset[]
  /** The preset that a client secret was minted for; null where none was. */
  readonly minted: string | null
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

function toFindings(file: string, catalog: Catalog, { problems, warnings }: Remarks): Findings {
  return {
    file,
    problems,
    warnings: toListed([...warnings, ...catalog.warnings.map(toText)]),
    revision: catalog.revision,
    presets: [...catalog.presets.values()].map(toSentPreset),
    minted: null,
  }
}

const LIVE_SECONDS = 10

/** One real mint, of the default preset or the first one, whose secret goes nowhere. Variables stand as `{{name}}`. */
async function mintOnce(findings: Findings, { upstream, defaultPreset }: Config, catalog: Catalog) {
  const { presets } = catalog
  const preset = presets.get(defaultPreset ?? '') ?? presets.values().next().value
  if (preset === undefined) return findings
  const { mint, close } = createUpstream({ ...upstream, apiKey: () => upstream.apiKey, maxConnections: 1 })
  const { name, endpoint, template, model } = preset
  const body = showBody(template, LIVE_SECONDS)
  const order = { preset, endpoint, body, model, expiresAfterSeconds: LIVE_SECONDS, overrides: [] }
  const outcome = await mint(order, { requestId: randomUUID(), safetyIdentifier: null })
  await close()
  if ('issued' in outcome) return { ...findings, minted: name }
  const { reason, message } = outcome.failure
  return { ...findings, problems: [...findings.problems, `--live: ${name} (${reason}): ${message}`] }
}

/** Without a file it is about the settings too, and so about what they name. */
async function toRemarks(config: Config | undefined, { file, environment }: CheckOptions): Promise<Remarks> {
  if (file !== undefined || config === undefined) return noFindings
  const { problems, warnings } = await runPreflight(environment, config)
  return { problems, warnings: [...config.warnings, ...warnings] }
}

/** Reads settings and presets file, looks around, and reports all that is wrong. */
export async function check(options: CheckOptions): Promise<Findings> {
  const { file, environment, live } = options
  const { config, problems } = tryConfig(environment)
  const fileName = file ?? config?.presetsFile ?? (environment['PRESETS_FILE'] || 'presets.yaml')
  const loaded = await loadPresets(fileName, {
    fileName,
    // Without good settings nobody knows which origins are allowed; all the rest can be judged.
    allowedOrigins: config?.allowedOrigins,
    authMode: environment['AUTH_MODE'] === 'jwt' ? 'jwt' : 'none',
    defaultPreset: environment['DEFAULT_PRESET'] || undefined,
    api: environment['OPENAI_REALTIME_API'] === 'sessions' ? 'sessions' : 'client_secrets',
    isOpenAi: isOpenAiUrl(environment['OPENAI_BASE_URL'] || 'https://api.openai.com/v1'),
    unixNow: () => Date.now(),
  })
  const remarks = await toRemarks(config, options)
  const found = [...(file === undefined ? problems : []), ...remarks.problems]
  if (!('catalog' in loaded)) {
    const all = toListed([...found, ...loaded.problems.map(toText)])
    const warnings = toListed([...remarks.warnings, ...loaded.warnings.map(toText)])
    return { file: fileName, problems: all, warnings, revision: null, presets: [], minted: null }
  }
  const findings = toFindings(fileName, loaded.catalog, { problems: found, warnings: remarks.warnings })
  const isReady = live && config !== undefined && found.length === 0
  return isReady ? mintOnce(findings, config, loaded.catalog) : findings
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const toSection = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`

/** The findings for people: what is sent, then what to look at, then the verdict, which stays in sight. */
export function toReport({ file, problems, warnings, revision, presets, minted }: Findings): string {
  const sent = presets.map(
    ({ name, revision: own, path, body }) =>
      `${name} (revision ${own})\nPOST …/realtime${path}\n${JSON.stringify(body, null, 2)}\n\n`,
  )
  const verdict =
    problems.length === 0
      ? `${file}: ${counted(presets.length, 'preset')}, revision ${revision}, no problems, ${counted(warnings.length, 'warning')}\n`
      : `${file}: ${counted(problems.length, 'problem')}\n`
  const live = minted === null ? '' : `Upstream minted a client secret of ${LIVE_SECONDS} s for ${minted}\n\n`
  return `${sent.join('')}${live}${toSection('Warnings', warnings)}${toSection('Problems', problems)}${verdict}`
}

/** `realtime-mint check` */
export const runCheck: Command = async (args, { environment, write }) => {
  const options = {
    json: { type: 'boolean', default: false },
    live: { type: 'boolean', default: false },
  } as const
  const {
    values: { json, live },
    operands: [file],
  } = parseArguments(args, options, 1)
  if (live && file !== undefined) throw new Misuse('takes --live without a file.')
  const findings = await check({ file, environment, live })
  await write(json ? toJson(findings) : toReport(findings))
  return findings.problems.length === 0 ? 0 : EXIT_CONFIG
}
