/** One session: judges what the client sends as OpenAI does, and answers. It knows nothing of the transport. */
import type { ValidateFunction } from 'ajv'
import type {
  ConversationItem,
  ConversationItemCreateEvent,
  RealtimeClientEvent,
  ResponseCreateEvent,
  SessionUpdateEvent,
} from 'openai/resources/realtime/realtime'
import { parseJson, toFields } from '../json.ts'
import { invalid, type Refusal, refuse, toRefusal } from '../refusal.ts'
import { type SessionEcho, toId } from '../session.ts'
import { createInputAudio, type InputAudio } from './input-audio.ts'
import { type ServerEvent, toAnswerEvents } from './server-events.ts'
import { changeSession, isTranscribed, toAudioFormat, toTurnRule } from './session-change.ts'
import { createTurnDetector, type TurnDetector } from './turns.ts'

export interface ConversationOptions {
  readonly session: SessionEcho
  readonly validator: ValidateFunction<RealtimeClientEvent>
  /** Sends one event, as JSON. */
  readonly send: (text: string) => void
  /** With WebRTC, audio has tracks of its own and is in no event. */
  readonly hasTracks: boolean
}

type Item = ConversationItem & { readonly id: string }
type Result = Refusal | undefined

interface State {
  readonly id: string
  readonly items: Item[]
  readonly input: InputAudio
  readonly turns: TurnDetector
  readonly hasTracks: boolean
  readonly send: (...events: readonly ServerEvent[]) => undefined
  session: SessionEcho
  hasSpoken: boolean
  lastResponseId: string
}

const lastIdOf = ({ items }: State): string | null => items.at(-1)?.id ?? null

function update(state: State, { session: change }: SessionUpdateEvent): Result {
  const changed = changeSession(state.session, change, state)
  if ('refusal' in changed) return changed.refusal
  state.session = changed.session
  return state.send({ type: 'session.updated', session: state.session })
}

function addItem(state: State, item: Item): undefined {
  const place = { previous_item_id: lastIdOf(state), item }
  state.items.push(item)
  return state.send(
    { type: 'conversation.item.added', ...place },
    { type: 'conversation.item.done', ...place },
  )
}

function createItem(
  state: State,
  { item, previous_item_id: previous = 'root' }: ConversationItemCreateEvent,
): Result {
  const isKnown = (id: string): boolean => state.items.some((one) => one.id === id)
  if (previous !== 'root' && !isKnown(previous)) {
    return invalid('previous_item_id', `The item with id '${previous}' does not exist.`)
  }
  const { id = toId('item') } = item
  if (isKnown(id)) return invalid('item.id', `The item with id '${id}' exists already.`)
  return addItem(state, { ...item, id })
}

function findItem(state: State, verb: string, id: string, use: (item: Item) => undefined): Result {
  const item = state.items.find((one) => one.id === id)
  if (item !== undefined) return use(item)
  return invalid('item_id', `The item with id '${id}' does not exist.`, `item_${verb}_invalid_item_id`)
}

function deleteItem(state: State, item: Item): undefined {
  state.items.splice(state.items.indexOf(item), 1)
  return state.send({ type: 'conversation.item.deleted', item_id: item.id })
}

function commit(state: State): Result {
  const committed = state.input.commit(toAudioFormat(state.session, 'input'))
  if (committed === null) {
    return refuse(400, 'input_audio_buffer_commit_empty', 'The input audio buffer is empty.')
  }
  const { item, transcription } = committed
  state.send({ type: 'input_audio_buffer.committed', previous_item_id: lastIdOf(state), item_id: item.id })
  addItem(state, item)
  return isTranscribed(state.session) ? state.send(transcription) : undefined
}

/** Adds audio, and answers the turns that end in it. */
function append(state: State, audio: string): Result {
  const { input, turns, send } = state
  const refusal = input.append(audio)
  const rule = toTurnRule(state.session)
  if (refusal !== undefined || rule === null) return refusal
  for (const { kind, atMs } of turns.hear(Buffer.from(audio, 'base64'), rule.silenceMs)) {
    const item = { item_id: input.nextItemId() }
    if (kind === 'started') {
      send({ type: 'input_audio_buffer.speech_started', ...item, audio_start_ms: atMs })
      continue
    }
    send({ type: 'input_audio_buffer.speech_stopped', ...item, audio_end_ms: atMs })
    commit(state)
    if (rule.hasResponse) respond(state, { type: 'response.create' })
  }
  return undefined
}

function toReply(items: readonly Item[]): string {
  const last = items.findLast((item) => item.type === 'message' && item.role === 'user')
  const parts = last?.type === 'message' ? last.content : []
  const said = parts.map((part) => part.text ?? ('transcript' in part ? part.transcript : '')).join(' ')
  return said === '' ? 'Hello from the sandbox. It repeats what you say.' : `You said: ${said}`
}

function respond(state: State, { response = {} }: ResponseCreateEvent): Result {
  const { session, hasTracks, input } = state
  if (session['type'] !== 'realtime') return invalid('type', 'A transcription session has no responses.')
  const asked = response.output_modalities ?? session['output_modalities']
  const modality = Array.isArray(asked) && asked.includes('text') ? 'text' : 'audio'
  const { responseId, item, events } = toAnswerEvents({
    text: toReply(state.items),
    audio: hasTracks ? null : input.toEcho(toAudioFormat(session, 'output')),
    modality,
    previousItemId: lastIdOf(state),
    response: { conversation_id: state.id, metadata: response.metadata ?? null },
  })
  if (response.conversation !== 'none') state.items.push(item)
  state.hasSpoken ||= modality === 'audio'
  state.lastResponseId = responseId
  if (modality === 'text' || !hasTracks) return state.send(...events)
  const buffer = { response_id: responseId }
  return state.send(
    ...events.slice(0, -1),
    { type: 'output_audio_buffer.started', ...buffer },
    ...events.slice(-1),
    { type: 'output_audio_buffer.stopped', ...buffer },
  )
}

function follow(state: State, event: RealtimeClientEvent): Result {
  const { send, input } = state
  switch (event.type) {
    case 'session.update':
      return update(state, event)
    case 'conversation.item.create':
      return createItem(state, event)
    case 'conversation.item.delete':
      return findItem(state, 'delete', event.item_id, (item) => deleteItem(state, item))
    case 'conversation.item.retrieve':
      return findItem(state, 'retrieve', event.item_id, (item) =>
        send({ type: 'conversation.item.retrieved', item }),
      )
    case 'conversation.item.truncate': {
      const { item_id, content_index, audio_end_ms } = event
      const place = { item_id, content_index, audio_end_ms }
      return findItem(state, 'truncate', item_id, () =>
        send({ type: 'conversation.item.truncated', ...place }),
      )
    }
    case 'input_audio_buffer.append':
      return append(state, event.audio)
    case 'input_audio_buffer.commit':
      return commit(state)
    case 'input_audio_buffer.clear':
      input.clear()
      return send({ type: 'input_audio_buffer.cleared' })
    case 'output_audio_buffer.clear':
      return send({ type: 'output_audio_buffer.cleared', response_id: state.lastResponseId })
    case 'response.create':
      return respond(state, event)
    case 'response.cancel':
  }
  return refuse(400, 'response_cancel_not_active', 'There is no active response to cancel.')
}

function judge(state: State, event: unknown, validator: ConversationOptions['validator']): Result {
  if (event === undefined) return refuse(400, 'invalid_json', 'The event is not valid JSON.')
  return validator(event) ? follow(state, event) : toRefusal(validator.errors ?? [])
}

/** Sends `session.created`. Returns what takes one event of the client. */
export function startConversation({
  session,
  validator,
  hasTracks,
  ...options
}: ConversationOptions): (text: string) => void {
  function send(...events: readonly ServerEvent[]): undefined {
    for (const event of events) options.send(JSON.stringify({ event_id: toId('event'), ...event }))
  }
  const state: State = {
    id: toId('conv'),
    items: [],
    input: createInputAudio(),
    turns: createTurnDetector(),
    hasTracks,
    send,
    session,
    hasSpoken: false,
    lastResponseId: '',
  }
  send({ type: 'session.created', session })
  return (text) => {
    const event = parseJson(text)
    const refusal = judge(state, event, validator)
    const { event_id: given } = toFields(event)
    const id = typeof given === 'string' ? given : null
    if (refusal !== undefined) send({ type: 'error', error: { ...refusal.error, event_id: id } })
  }
}
