/** The events of one response, in OpenAI's order, and their types: those of OpenAI's SDK. */
import type {
  ConversationItem,
  RealtimeConversationItemAssistantMessage,
  RealtimeResponse,
  RealtimeServerEvent,
  SessionCreatedEvent,
  SessionUpdatedEvent,
} from 'openai/resources/realtime/realtime'
import { type SessionEcho, toId } from '../session.ts'

type WithoutId<Event> = Event extends unknown ? Omit<Event, 'event_id'> : never

/** The sandbox adds the `event_id` when it sends one. A session is an echo, which the SDK has no type for. */
export type ServerEvent =
  | WithoutId<Exclude<RealtimeServerEvent, SessionCreatedEvent | SessionUpdatedEvent>>
  | { readonly type: 'session.created' | 'session.updated'; readonly session: SessionEcho }

export interface Answer {
  readonly text: string
  /** Base64 for a spoken answer whose audio is sent as events, null if the audio has its own track. */
  readonly audio: string | null
  readonly modality: 'text' | 'audio'
  readonly previousItemId: string | null
  readonly response: Pick<RealtimeResponse, 'conversation_id' | 'max_output_tokens' | 'metadata'>
}

export interface AnswerEvents {
  readonly responseId: string
  readonly item: ConversationItem & { readonly id: string }
  readonly events: readonly ServerEvent[]
}

const toWords = (text: string): readonly string[] => text.split(/(?<=\s)/)

/** Tokens are words here. */
const toUsage = (words: number): NonNullable<RealtimeResponse['usage']> => ({
  total_tokens: 2 * words,
  input_tokens: words,
  output_tokens: words,
})

interface Place {
  readonly response_id: string
  readonly item_id: string
  readonly output_index: number
  readonly content_index: number
}

const toTextEvents = (place: Place, text: string): ServerEvent[] => [
  { type: 'response.content_part.added', ...place, part: { type: 'text', text: '' } },
  ...toWords(text).map((delta) =>
    Object.assign({ type: 'response.output_text.delta' as const, delta }, place),
  ),
  { type: 'response.output_text.done', ...place, text },
  { type: 'response.content_part.done', ...place, part: { type: 'text', text } },
]

const toSpeechEvents = (place: Place, transcript: string, audio: string | null): ServerEvent[] => [
  { type: 'response.content_part.added', ...place, part: { type: 'audio', transcript: '' } },
  ...toWords(transcript).map((delta) =>
    Object.assign({ type: 'response.output_audio_transcript.delta' as const, delta }, place),
  ),
  ...(audio === null ? [] : [{ type: 'response.output_audio.delta', ...place, delta: audio } as const]),
  { type: 'response.output_audio.done', ...place },
  { type: 'response.output_audio_transcript.done', ...place, transcript },
  { type: 'response.content_part.done', ...place, part: { type: 'audio', transcript } },
]

/** Builds all events of an answer. The last one is `response.done`. */
export function toAnswerEvents({ text, audio, modality, previousItemId, response }: Answer): AnswerEvents {
  const responseId = toId('resp')
  const id = toId('item')
  const place: Place = { response_id: responseId, item_id: id, output_index: 0, content_index: 0 }
  const content: RealtimeConversationItemAssistantMessage.Content =
    modality === 'text' ? { type: 'output_text', text } : { type: 'output_audio', transcript: text }
  const message = { id, object: 'realtime.item', type: 'message', role: 'assistant' } as const
  const started = { ...message, status: 'in_progress', content: [] } satisfies ConversationItem
  const item = { ...message, status: 'completed', content: [content] } satisfies ConversationItem
  const common: RealtimeResponse = {
    object: 'realtime.response',
    id: responseId,
    ...response,
    output_modalities: [modality],
  }
  const index = { response_id: responseId, output_index: 0 }
  const sequence = { previous_item_id: previousItemId }
  const done: RealtimeResponse = {
    ...common,
    status: 'completed',
    output: [item],
    usage: toUsage(toWords(text).length),
  }
  return {
    responseId,
    item,
    events: [
      { type: 'response.created', response: { ...common, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', ...index, item: started },
      { type: 'conversation.item.added', ...sequence, item: started },
      ...(modality === 'text' ? toTextEvents(place, text) : toSpeechEvents(place, text, audio)),
      { type: 'response.output_item.done', ...index, item },
      { type: 'conversation.item.done', ...sequence, item },
      { type: 'response.done', response: done },
    ],
  }
}
