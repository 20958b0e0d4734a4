/** What `session.update` changes, and what it must not. */
import type { SessionUpdateEvent } from 'openai/resources/realtime/realtime'
import { isRecord, toFields } from '../json.ts'
import { invalid, type Refusal } from '../refusal.ts'
import { checkRealtime } from '../rules.ts'
import type { SessionEcho } from '../session.ts'
import type { AudioFormat } from './input-audio.ts'

export type SessionChange = SessionUpdateEvent['session']

const at = (session: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => toFields(value)[key], session)

function check(session: SessionEcho, change: SessionChange, hasSpoken: boolean): Refusal | undefined {
  if (change.type !== session['type']) {
    return invalid('session.type', `A ${String(session['type'])} session cannot become another one.`)
  }
  const model = at(change, 'model')
  if (model !== undefined && model !== session['model']) {
    return invalid('session.model', 'The model of a session cannot change.')
  }
  const voice = at(change, 'audio', 'output', 'voice')
  if (hasSpoken && voice !== undefined && voice !== at(session, 'audio', 'output', 'voice')) {
    const message = "Cannot update a conversation's voice if assistant audio is present."
    return invalid('session.audio.output.voice', message, 'cannot_update_voice')
  }
  const tracing = at(change, 'tracing')
  const own = session['tracing'] ?? null
  if (own !== null && tracing !== undefined && JSON.stringify(tracing) !== JSON.stringify(own)) {
    return invalid('session.tracing', 'Tracing cannot change once it is on.')
  }
  return undefined
}

/** Fields that are absent stay as they are, also those of `audio.input` and `audio.output`. */
function merge(session: SessionEcho, change: SessionChange): SessionEcho {
  const audio = { ...toFields(session['audio']) }
  for (const [direction, part] of Object.entries(change.audio ?? {})) {
    audio[direction] = { ...toFields(audio[direction]), ...toFields(part) }
  }
  return { ...session, ...change, audio }
}

/** Applies a change of the right form, or says why OpenAI would not. */
export function changeSession(
  session: SessionEcho,
  change: SessionChange,
  { hasSpoken }: { hasSpoken: boolean },
): { readonly session: SessionEcho } | { readonly refusal: Refusal } {
  const refusal = checkRealtime({ session: change }) ?? check(session, change, hasSpoken)
  return refusal === undefined ? { session: merge(session, change) } : { refusal }
}

/** The format of audio in events. */
export function toAudioFormat(session: SessionEcho, direction: 'input' | 'output'): AudioFormat {
  const type = at(session, 'audio', direction, 'format', 'type')
  return type === 'audio/pcmu' || type === 'audio/pcma' ? type : 'audio/pcm'
}

/** When a turn of the user ends by itself, and whether a response follows. Null without turn detection. */
export function toTurnRule(session: SessionEcho): { silenceMs: number; hasResponse: boolean } | null {
  const detection = at(session, 'audio', 'input', 'turn_detection')
  if (!isRecord(detection) || toAudioFormat(session, 'input') !== 'audio/pcm') return null
  const silenceMs = Number(detection['silence_duration_ms'] ?? 500)
  return { silenceMs, hasResponse: session['type'] === 'realtime' && detection['create_response'] !== false }
}

export const isTranscribed = (session: SessionEcho): boolean =>
  isRecord(at(session, 'audio', 'input', 'transcription'))
