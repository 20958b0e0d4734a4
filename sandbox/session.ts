// The session that OpenAI returns with a secret: the request with all defaults, and nothing left out.
import { randomBytes } from 'node:crypto'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'

export const toId = (prefix: string): string => `${prefix}_sandbox_${randomBytes(12).toString('hex')}`

interface Expiry {
  readonly seconds?: number
}

/** What the mint reads of a flat request. */
export interface FlatRequest {
  readonly client_secret?: { readonly expires_after?: Expiry; readonly expires_at?: Expiry }
}

export type SessionEcho = Readonly<Record<string, unknown>>

const pcm = { type: 'audio/pcm', rate: 24_000 } as const

// The live server returns this silence. Its documentation says 500.
const flatServerVad = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 200,
  create_response: true,
  interrupt_response: true,
} as const
const serverVad = { ...flatServerVad, idle_timeout_ms: null } as const

const inputDefaults = {
  format: pcm,
  transcription: null,
  noise_reduction: null,
  turn_detection: serverVad,
} as const
const outputDefaults = { format: pcm, voice: 'alloy', speed: 1 } as const

/** Returns the session of a GA secret, with instructions, tools and their credentials. */
export function toSessionEcho(
  session: RealtimeSessionCreateRequest | RealtimeTranscriptionSessionCreateRequest,
): SessionEcho {
  return session.type === 'realtime' ? toRealtime(session) : toTranscription(session)
}

/** Returns the session of a translation secret. It has a type; its request must have none. */
export function toTranslationEcho(
  session: RealtimeTranslationSessionCreateRequest,
  expiresAt: number,
): SessionEcho {
  const { model, audio = {} } = session
  return { id: toId('sess'), type: 'translation', expires_at: expiresAt, model, audio }
}

/** Returns a flat session in the flat shape. Its `expires_at` is the session's, not the secret's. */
export function toFlatEcho({ client_secret: _notEchoed, ...session }: FlatRequest): SessionEcho {
  return {
    object: 'realtime.session',
    id: toId('sess'),
    expires_at: 0,
    model: 'gpt-4o-realtime-preview',
    modalities: ['text', 'audio'],
    instructions: 'Be helpful.',
    voice: 'alloy',
    input_audio_format: 'pcm16',
    output_audio_format: 'pcm16',
    input_audio_transcription: null,
    turn_detection: flatServerVad,
    input_audio_noise_reduction: null,
    tools: [],
    tool_choice: 'auto',
    temperature: 0.8,
    max_response_output_tokens: 'inf',
    speed: 1,
    tracing: null,
    ...session,
  }
}

function toRealtime({
  audio,
  parallel_tool_calls: _notEchoed,
  ...session
}: RealtimeSessionCreateRequest): SessionEcho {
  return {
    object: 'realtime.session',
    id: toId('sess'),
    model: 'gpt-realtime',
    output_modalities: ['audio'],
    instructions: 'Be helpful.',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    tracing: null,
    truncation: 'auto',
    prompt: null,
    expires_at: 0,
    include: null,
    ...session,
    audio: {
      input: { ...inputDefaults, ...audio?.input },
      output: { ...outputDefaults, ...audio?.output },
    },
  }
}

function toTranscription({ audio, ...session }: RealtimeTranscriptionSessionCreateRequest): SessionEcho {
  return {
    object: 'realtime.transcription_session',
    id: toId('sess'),
    expires_at: 0,
    include: null,
    ...session,
    audio: { input: { ...inputDefaults, ...audio?.input } },
  }
}
