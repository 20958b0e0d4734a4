/** Translates a flat session to a GA session, and single fields back. */
import { isObject } from '../../json.ts'
import { type Fields, putAt, toPath, valueAt } from '../json.ts'
import { type FlatField, type FlatSession, flatFields, gaPathOf } from './flat.ts'
import { refusesPrompt } from './models.ts'

/** A flat leaf without a GA equivalent. */
export interface Dropped {
  /** Dotted, in the flat shape. */
  readonly path: string
  readonly value: unknown
  readonly why: string
}

export interface Translation {
  readonly session: Fields
  readonly dropped: readonly Dropped[]
  /** The session's `tool_choice` is neither a mode nor one of its functions. */
  readonly unknownTool: boolean
}

type VadType = 'server_vad' | 'semantic_vad'

const audioFormats = {
  pcm16: { type: 'audio/pcm', rate: 24_000 },
  // The G.711 formats have no rate upstream.
  g711_ulaw: { type: 'audio/pcmu' },
  g711_alaw: { type: 'audio/pcma' },
} as const

const toolModes: ReadonlySet<unknown> = new Set(['auto', 'none', 'required'])

/** Fields that only the other kind of turn detection has. */
const foreign: Readonly<Record<VadType, readonly string[]>> = {
  server_vad: ['eagerness'],
  semantic_vad: ['threshold', 'prefix_padding_ms', 'silence_duration_ms', 'idle_timeout_ms'],
}

/** Null means "off" in these; in every other field it means "not given". */
const nullable: ReadonlySet<FlatField> = new Set([
  'input_audio_transcription',
  'turn_detection',
  'input_audio_noise_reduction',
  'tracing',
  'prompt',
])

/**
 * Translates to a GA session of type `realtime`. What has no equivalent is in `dropped`. flat.ts has the paths.
 * Functions and the type of turn detection that the session omits are those of `own`.
 */
export function toGaSession(flat: FlatSession, own: Fields = {}): Translation {
  const ownVad = valueAt(own, ['audio', 'input', 'turn_detection', 'type'])
  const vadType = flat.turn_detection?.type ?? (ownVad === 'semantic_vad' ? ownVad : 'server_vad')
  const choice = toToolChoice(flat.tool_choice)
  const values: Readonly<Partial<Record<FlatField, unknown>>> = {
    ...flat,
    modalities: toOutputModalities(flat.modalities),
    input_audio_format: flat.input_audio_format && audioFormats[flat.input_audio_format],
    output_audio_format: flat.output_audio_format && audioFormats[flat.output_audio_format],
    input_audio_transcription: toTranscription(flat.input_audio_transcription),
    turn_detection: toTurnDetection(flat.turn_detection, vadType),
    input_audio_noise_reduction: withoutNulls(flat.input_audio_noise_reduction),
    tools: flat.tools?.map((tool) => ({ type: 'function', ...withoutNulls(tool) })),
    tool_choice: choice,
  }
  const session: Record<string, unknown> = { type: 'realtime' }
  for (const field of flatFields) {
    const [path, value] = [gaPathOf[field], values[field]]
    if (path === null || value === undefined || (value === null && !nullable.has(field))) continue
    putAt(session, toPath(path), value)
  }
  const tools: unknown = flat.tools ?? own['tools']
  const names: readonly unknown[] = Array.isArray(tools) ? tools.map((tool) => valueAt(tool, ['name'])) : []
  const unknownTool = isObject(choice) && !names.includes(choice['name'])
  return { session, dropped: findDropped(flat, vadType), unknownTool }
}

/** Values that GA has no field for, refuses or ignores. */
function findDropped(flat: FlatSession, vadType: VadType): readonly Dropped[] {
  const { temperature, input_audio_transcription: transcription, turn_detection: turnDetection } = flat
  const path = 'input_audio_transcription.prompt'
  const noEffect = `has no effect with ${vadType} and is left out`
  const candidates = [
    { path: 'temperature', value: temperature, why: 'has no equivalent in the GA API and is left out' },
    ...(refusesPrompt(transcription?.model)
      ? [{ path, value: transcription?.prompt, why: 'is refused by this model and is left out' }]
      : []),
    ...Object.entries(turnDetection ?? {})
      .filter(([key]) => foreign[vadType].includes(key))
      .map(([key, value]) => ({ path: `turn_detection.${key}`, value, why: noEffect })),
  ]
  return candidates.filter(({ value }) => value !== undefined && value !== null)
}

/** GA takes one modality only. Audio includes its transcript, so audio wins. */
function toOutputModalities(modalities: FlatSession['modalities']): readonly string[] | undefined {
  if (modalities === undefined || modalities === null || modalities.length === 0) return undefined
  return modalities.includes('audio') ? ['audio'] : ['text']
}

function toToolChoice(choice: FlatSession['tool_choice']): unknown {
  return typeof choice !== 'string' || toolModes.has(choice) ? choice : { type: 'function', name: choice }
}

function toTranscription(transcription: FlatSession['input_audio_transcription']): unknown {
  const isPromptless = refusesPrompt(transcription?.model)
  return withoutNulls(transcription && isPromptless ? { ...transcription, prompt: null } : transcription)
}

function toTurnDetection(turnDetection: FlatSession['turn_detection'], type: VadType): unknown {
  if (!turnDetection) return turnDetection
  const kept = Object.entries(turnDetection).filter(
    ([key, value]) => !foreign[type].includes(key) && (value !== null || key === 'idle_timeout_ms'),
  )
  return { type, ...Object.fromEntries(kept) }
}

/** SDKs send unset members as null, so null means nothing here. */
function withoutNulls(value: Fields | null | undefined): Fields | null | undefined {
  return value && Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}

/** Translates the GA value of one field back, for servers of the flat endpoint. */
export function toFlatValue(field: FlatField, value: unknown): unknown {
  if (field === 'modalities')
    return Array.isArray(value) && value.includes('audio') ? ['audio', 'text'] : value
  if (!isObject(value)) return value
  if (field === 'tool_choice') return value['type'] === 'function' ? value['name'] : value
  if (field !== 'input_audio_format' && field !== 'output_audio_format') return value
  return Object.entries(audioFormats).find(([, format]) => format.type === value['type'])?.[0]
}
