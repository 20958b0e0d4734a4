/** Translates a flat session to a GA session, and single fields back. */

import { isObject } from '../../json.ts'
import { type Fields, putAt, toPath } from '../json.ts'
import { type FlatField, type FlatSession, gaPathOf } from './flat.ts'
import { takesPrompt } from './models.ts'

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

/** Values for what a flat session omits, where they are not the defaults of the flat endpoint. */
export interface Omitted {
  /** Functions that `tool_choice` may name when the session lists none. */
  readonly functions?: ReadonlySet<string>
  readonly vadType?: 'server_vad' | 'semantic_vad'
}

const audioFormats = {
  pcm16: { type: 'audio/pcm', rate: 24_000 },
  // The G.711 formats have no rate upstream.
  g711_ulaw: { type: 'audio/pcmu' },
  g711_alaw: { type: 'audio/pcma' },
} as const

const toolModes: ReadonlySet<unknown> = new Set(['auto', 'none', 'required'])

const serverVadOnly = ['threshold', 'prefix_padding_ms', 'silence_duration_ms', 'idle_timeout_ms'] as const
const semanticVadOnly = ['eagerness'] as const

/** Null means "off" in these; in every other field it means "not given". */
const nullable: ReadonlySet<FlatField> = new Set([
  'input_audio_transcription',
  'turn_detection',
  'input_audio_noise_reduction',
  'tracing',
  'prompt',
])

/** Translates to a GA session of type `realtime`. What has no equivalent is in `dropped`. flat-schema.ts has the paths. */
export function toGaSession(flat: FlatSession, omitted: Omitted = {}): Translation {
  const session: Record<string, unknown> = { type: 'realtime' }
  const put = (field: FlatField, value: unknown): void => {
    const path = gaPathOf[field]
    if (path === null || value === undefined || (value === null && !nullable.has(field))) return
    putAt(session, toPath(path), value)
  }
  const functions =
    flat.tools === undefined || flat.tools === null
      ? (omitted.functions ?? new Set<string>())
      : new Set(flat.tools.map((tool) => tool.name))
  const transcription = toTranscription(flat.input_audio_transcription)
  const turnDetection = toTurnDetection(flat.turn_detection, omitted.vadType ?? 'server_vad')

  put('model', flat.model)
  put('modalities', toOutputModalities(flat.modalities))
  put('instructions', flat.instructions)
  put('voice', flat.voice)
  put('input_audio_format', flat.input_audio_format && audioFormats[flat.input_audio_format])
  put('output_audio_format', flat.output_audio_format && audioFormats[flat.output_audio_format])
  put('input_audio_transcription', transcription.value)
  put('turn_detection', turnDetection.value)
  put('input_audio_noise_reduction', withoutNulls(flat.input_audio_noise_reduction))
  put(
    'tools',
    flat.tools?.map((tool) => ({ type: 'function', ...withoutNulls(tool) })),
  )
  put('tool_choice', toToolChoice(flat.tool_choice))
  put('max_response_output_tokens', flat.max_response_output_tokens)
  put('speed', flat.speed)
  put('tracing', flat.tracing)
  put('truncation', flat.truncation)
  put('prompt', flat.prompt)

  return {
    session,
    dropped: [...dropTemperature(flat.temperature), ...transcription.dropped, ...turnDetection.dropped],
    unknownTool: isUnknownTool(flat.tool_choice, functions),
  }
}

/** GA takes one modality only. Audio includes its transcript, so audio wins. */
function toOutputModalities(modalities: FlatSession['modalities']): readonly string[] | undefined {
  if (modalities === undefined || modalities === null || modalities.length === 0) return undefined
  return modalities.includes('audio') ? ['audio'] : ['text']
}

function toToolChoice(choice: FlatSession['tool_choice']): unknown {
  return typeof choice !== 'string' || toolModes.has(choice) ? choice : { type: 'function', name: choice }
}

function isUnknownTool(choice: FlatSession['tool_choice'], functions: ReadonlySet<string>): boolean {
  if (choice === undefined || choice === null || toolModes.has(choice)) return false
  return !functions.has(typeof choice === 'string' ? choice : choice.name)
}

function dropTemperature(value: FlatSession['temperature']): readonly Dropped[] {
  if (value === undefined || value === null) return []
  return [{ path: 'temperature', value, why: 'has no equivalent in the GA API and is left out' }]
}

interface Part {
  readonly value: unknown
  readonly dropped: readonly Dropped[]
}

function toTranscription(transcription: FlatSession['input_audio_transcription']): Part {
  if (transcription === undefined || transcription === null) return { value: transcription, dropped: [] }
  const { prompt, ...rest } = transcription
  if (typeof prompt !== 'string' || takesPrompt(rest.model)) {
    return { value: withoutNulls(transcription), dropped: [] }
  }
  const path = 'input_audio_transcription.prompt'
  return {
    value: withoutNulls(rest),
    dropped: [{ path, value: prompt, why: 'is refused by this model and is left out' }],
  }
}

function toTurnDetection(turnDetection: FlatSession['turn_detection'], defaultType: string): Part {
  if (turnDetection === undefined || turnDetection === null) return { value: turnDetection, dropped: [] }
  const type = turnDetection.type ?? defaultType
  const others: ReadonlySet<string> = new Set(type === 'server_vad' ? semanticVadOnly : serverVadOnly)
  const given = Object.entries(turnDetection).filter(
    ([key, value]) => value !== undefined && (value !== null || key === 'idle_timeout_ms'),
  )
  return {
    value: { type, ...Object.fromEntries(given.filter(([key]) => !others.has(key))) },
    dropped: given
      .filter(([key, value]) => others.has(key) && value !== null)
      .map(([key, value]) => ({
        path: `turn_detection.${key}`,
        value,
        why: `has no effect with ${type} and is left out`,
      })),
  }
}

/** SDKs send unset members as null, so null means nothing here. */
function withoutNulls(value: Fields | null | undefined): Fields | null | undefined {
  if (value === undefined || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
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
