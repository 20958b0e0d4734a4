/** What is doubtful about a session that its schema accepts: names, dates, and fields without an effect. */
import { isObject } from '../../json.ts'
import { closest } from '../../suggestion.ts'
import { type Path, toPath, valueAt } from '../json.ts'
import type { SessionType } from '../schema/ga.ts'
import {
  flatOnlyVoices,
  isReasoningModel,
  knownModels,
  type ModelUse,
  modelUses,
  promptShutdown,
  type Shutdown,
  shutdowns,
  voices,
} from '../schema/models.ts'
import { type Finding, problem, warning } from './findings.ts'

/** The settings that a presets file is checked against. */
export interface ParseOptions {
  /** As problems name it. */
  readonly fileName: string
  /** A preset of this name must exist. */
  readonly defaultPreset?: string | undefined
  /** As ALLOWED_ORIGINS lists them; undefined when that setting is invalid. */
  readonly allowedOrigins: ReadonlySet<string> | undefined
  readonly authMode: 'none' | 'jwt'
  /** Which minting endpoint the upstream serves. */
  readonly api: 'client_secrets' | 'sessions'
  /** OpenAI itself, where a name means what its documentation says. Elsewhere it may be the name of a deployment. */
  readonly isOpenAi: boolean
  readonly unixNow: () => number
}

/** Looks at a session in GA terms, valid or not. Paths start at the session. */
export function* remarksOnSession(
  session: unknown,
  type: SessionType,
  options: ParseOptions,
): Iterable<Finding> {
  yield* remarksOnReasoning(session)
  yield* remarksOnTools(session)
  yield* remarksOnTexts(session)
  if (isObject(valueAt(session, ['prompt'])))
    yield* remarksOnShutdown(['prompt'], 'the API of reusable prompts', promptShutdown, options)
  for (const path of ['model', transcriberPath, voicePath])
    yield* remarksOnName(path, toPath(path), valueAt(session, toPath(path)), type, options)
}

/** Looks at the values that the rule for this path lists. Paths start at the rule. */
export function* remarksOnRule(
  path: string,
  values: unknown,
  type: SessionType,
  options: ParseOptions,
): Iterable<Finding> {
  for (const [index, value] of (Array.isArray(values) ? values : []).entries())
    yield* remarksOnName(path, [index], value, type, options)
}

const transcriberPath = 'audio.input.transcription.model'
const voicePath = 'audio.output.voice'

function* remarksOnName(
  path: string,
  at: Path,
  value: unknown,
  type: SessionType,
  options: ParseOptions,
): Iterable<Finding> {
  if (typeof value !== 'string' || value === '') return
  if (path === 'model') yield* remarksOnModel(at, value, type, options)
  if (path === transcriberPath) yield* remarksOnModel(at, value, 'transcription', options)
  const doubt = path === voicePath ? doubtOfVoice(value) : undefined
  if (doubt !== undefined) yield warning(at, doubt)
}

const uses: Readonly<Record<ModelUse, string>> = {
  realtime: 'is the model of a session of type realtime',
  transcription: 'is a transcription model, which goes into audio.input.transcription.model',
  translation: 'is the model of a session of type translation',
}

function remarksOnModel(at: Path, model: string, use: ModelUse, options: ParseOptions): readonly Finding[] {
  // Gateways put the provider before the model.
  const name = options.isOpenAi ? model : model.slice(model.lastIndexOf('/') + 1)
  if (knownModels[use].includes(name)) return remarksOnShutdown(at, name, shutdowns.get(name), options)
  const other = modelUses.find((candidate) => knownModels[candidate].includes(name))
  if (other === undefined) return [warning(at, doubtOfModel(name, use, options))]
  return [warning(at, `${uses[other]}; here, use ${knownModels[use][0]}`)]
}

function doubtOfModel(name: string, use: ModelUse, { isOpenAi }: ParseOptions): string {
  if (name.startsWith('gpt-live-') && use === 'realtime') {
    return 'is a model of the Live API, which has no client secrets; use gpt-realtime-2.1'
  }
  const near = closest(name, knownModels[use])
  const what = `is not a known ${use} model`
  if (near !== undefined) return `${what}; did you mean ${near}?`
  return isOpenAi
    ? `${what}; use one such as ${knownModels[use][0]}`
    : `${what}; ignore this if it is the name of a deployment`
}

/** `what` is the name of something that OpenAI shuts down. After that day it cannot work with OpenAI itself. */
function remarksOnShutdown(
  at: Path,
  what: string,
  shutdown: Shutdown | undefined,
  { isOpenAi, unixNow }: ParseOptions,
): readonly Finding[] {
  if (shutdown === undefined) return []
  const { date, replacement } = shutdown
  if (unixNow() < Date.parse(date))
    return [warning(at, `OpenAI shuts down ${what} on ${date}; use ${replacement}`)]
  const message = `${what} was shut down on ${date}; use ${replacement}`
  return [isOpenAi ? problem(at, message) : warning(at, message)]
}

/** What is doubtful about a voice of a GA session; undefined where nothing is. */
function doubtOfVoice(voice: string): string | undefined {
  if (voices.includes(voice)) return undefined
  if (voice.startsWith('voice_')) return 'is the id of a custom voice; write { id: … } instead of the bare id'
  const all = `use one of ${voices.join(', ')}`
  if (flatOnlyVoices.has(voice)) return `${voice} is not offered by the GA endpoint; ${all}`
  const near = closest(voice, voices)
  return `is not a known voice; ${near === undefined ? all : `did you mean ${near}?`}`
}

function* remarksOnReasoning(session: unknown): Iterable<Finding> {
  const model = valueAt(session, ['model'])
  if (isReasoningModel(model)) return
  const message = `has no effect with ${String(model)}, which does not reason; use gpt-realtime-2.1 or leave it out`
  for (const field of ['reasoning', 'parallel_tool_calls'])
    if (valueAt(session, [field]) !== undefined) yield warning([field], message)
}

function* remarksOnTexts(session: unknown): Iterable<Finding> {
  const [instructions, language] = [['instructions'], ['audio', 'input', 'transcription', 'language']]
  if (/\$\{\w+\}/.test(String(valueAt(session, instructions))))
    yield warning(
      instructions,
      'contains ${…}, which is sent as it is; write {{name}} and declare the variable',
    )
  const code = valueAt(session, language)
  if (typeof code === 'string' && !/^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$/.test(code))
    yield warning(language, 'is not the code of a language; write one such as en')
}

const deprecatedConnector =
  'is deprecated: models released after 2026-09-01 do not accept connectors; use server_url'

function* remarksOnTools(session: unknown): Iterable<Finding> {
  const given = valueAt(session, ['tools'])
  const tools: readonly unknown[] = Array.isArray(given) ? given : []
  for (const [index, tool] of tools.entries())
    if (valueAt(tool, ['connector_id']) !== undefined)
      yield warning(['tools', index, 'connector_id'], deprecatedConnector)
  const choice = valueAt(session, ['tool_choice'])
  if (choice === 'required' && tools.length === 0)
    yield warning(['tool_choice'], 'has no effect: the session has no tools')
  const [type, key] = valueAt(choice, ['type']) === 'mcp' ? ['mcp', 'server_label'] : ['function', 'name']
  const name = valueAt(choice, [key])
  const isThere = tools.some((tool) => valueAt(tool, ['type']) === type && valueAt(tool, [key]) === name)
  if (typeof name === 'string' && !isThere)
    yield warning(
      ['tool_choice'],
      'names a tool that the session does not have; add it to tools or write auto',
    )
}
