import { describe, expect, it } from 'vitest'
import { startConversation } from '../../sandbox/connections/conversation.ts'
import { createEventValidator } from '../../sandbox/mint.ts'
import { captions, type Event, voice } from './connections.ts'

const validator = createEventValidator()

/** What the server sends for these events of a client. */
function converse(events: readonly (object | string)[], session: Event = voice, hasTracks = false): Event[] {
  const sent: Event[] = []
  const receive = startConversation({
    session: { model: null, ...session },
    validator,
    hasTracks,
    send: (text) => void sent.push(JSON.parse(text)),
  })
  // session.created
  sent.shift()
  for (const event of events) receive(typeof event === 'string' ? event : JSON.stringify(event))
  return sent
}

const typesOf = (events: readonly Event[]): unknown[] => events.map(({ type }) => type)

const update = (session: object) => ({ type: 'session.update', session: { type: 'realtime', ...session } })
const say = (text: string, id = 'item_1') => ({
  type: 'conversation.item.create',
  item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
})
const respond = (response?: object) => ({ type: 'response.create', ...(response && { response }) })
const append = { type: 'input_audio_buffer.append', audio: Buffer.alloc(48_000, 1).toString('base64') }
const commit = { type: 'input_audio_buffer.commit' }

describe('session.update', () => {
  it('changes what it names, and nothing else', () => {
    const [updated] = converse(
      [update({ instructions: 'Be brief.', audio: { input: { turn_detection: null } } })],
      { ...voice, audio: { input: { noise_reduction: null }, output: { voice: 'marin' } } },
    )
    expect(updated).toMatchObject({
      type: 'session.updated',
      session: {
        ...voice,
        instructions: 'Be brief.',
        audio: { input: { noise_reduction: null, turn_detection: null }, output: { voice: 'marin' } },
      },
    })
  })

  it('may repeat the model', () => {
    expect(typesOf(converse([update({ model: voice.model })]))).toStrictEqual(['session.updated'])
  })

  it.each<[what: string, event: object, code: string, param: string]>([
    ['another model', update({ model: 'gpt-realtime-1.5' }), 'invalid_value', 'session.model'],
    ['another type of session', update({ type: 'transcription' }), 'invalid_value', 'session.type'],
    ['no type of session', update({ type: undefined }), 'missing_required_parameter', 'session.type'],
    ['an unknown field', update({ temperature: 0.7 }), 'unknown_parameter', 'session.temperature'],
    [
      'a speed out of range',
      update({ audio: { output: { speed: 3 } } }),
      'decimal_above_max_value',
      'session.audio.output.speed',
    ],
    [
      'both modalities',
      update({ output_modalities: ['audio', 'text'] }),
      'invalid_value',
      'session.output_modalities',
    ],
    ['an unknown event', { type: 'session.delete' }, 'invalid_value', 'type'],
    ['no type', {}, 'missing_required_parameter', 'type'],
  ])('is refused with %s, and the session stays', (_, event, code, param) => {
    const [error, updated] = converse([{ ...event, event_id: 'mine' }, update({})])
    expect(error).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', code, param, event_id: 'mine' },
    })
    expect(updated).toMatchObject({ type: 'session.updated', session: voice })
  })

  it('cannot change the voice after it was heard', () => {
    const cedar = update({ audio: { output: { voice: 'cedar' } } })
    const spoken = converse([
      cedar,
      respond({ output_modalities: ['audio'] }),
      cedar,
      update({ audio: { output: { voice: 'ash' } } }),
    ])
    expect(typesOf(spoken)[0]).toBe('session.updated')
    expect(spoken.slice(-2)).toMatchObject([
      { type: 'session.updated' },
      { type: 'error', error: { code: 'cannot_update_voice' } },
    ])
  })

  it('cannot change tracing after it is on', () => {
    const events = converse([update({ tracing: 'auto' }), update({ tracing: null })])
    expect(events).toMatchObject([{ type: 'session.updated' }, { error: { param: 'session.tracing' } }])
  })
})

describe('a response', () => {
  it('repeats the text of the user, in the order of events of OpenAI', () => {
    const events = converse([say('Good morning'), respond({ metadata: { topic: 'greeting' } })])
    expect(typesOf(events)).toStrictEqual([
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      ...Array.from({ length: 4 }, () => 'response.output_text.delta'),
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
    ])
    expect(events.at(-1)).toMatchObject({
      response: {
        status: 'completed',
        metadata: { topic: 'greeting' },
        output: [{ role: 'assistant', content: [{ type: 'output_text', text: 'You said: Good morning' }] }],
      },
    })
    const ids = events.map(({ event_id: id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('that is spoken has the audio of the user in an event', () => {
    const events = converse([append, commit, respond({ output_modalities: ['audio'] })])
    expect(events.find(({ type }) => type === 'response.output_audio.delta')).toMatchObject({
      delta: append.audio,
    })
    expect(events.at(-1)).toMatchObject({
      response: { output: [{ content: [{ type: 'output_audio', transcript: 'You said: 1.0 s of audio' }] }] },
    })
  })

  it('that is spoken without audio of the user is a moment of silence', () => {
    const events = converse([respond({ output_modalities: ['audio'] })])
    const { delta } = events.find(({ type }) => type === 'response.output_audio.delta') ?? {}
    expect(Buffer.from(String(delta), 'base64').every((byte) => byte === 0)).toBe(true)
  })

  it('with WebRTC has no audio in events, and says when its track plays', () => {
    const types = typesOf(converse([respond({ output_modalities: ['audio'] })], voice, true))
    expect(types).not.toContain('response.output_audio.delta')
    expect(types.slice(-3)).toStrictEqual([
      'output_audio_buffer.started',
      'response.done',
      'output_audio_buffer.stopped',
    ])
  })
})

/** PCM of that many milliseconds, as loud as that. */
const sound = (ms: number, level: number) => ({
  ...append,
  audio: Buffer.from(new Int16Array(ms * 24).fill(level).buffer).toString('base64'),
})

const listening = (detection: object | null, fields = {}) => ({
  ...voice,
  audio: { input: { turn_detection: detection } },
  ...fields,
})

describe('turn detection', () => {
  const spoken = [sound(100, 0), sound(400, 8_000), sound(200, 0)]

  it('ends a turn after silence, and the response is what the user said', () => {
    const events = converse(spoken, {
      ...listening({ type: 'server_vad', silence_duration_ms: 200 }),
      output_modalities: ['audio'],
    })
    expect(events.slice(0, 4)).toMatchObject([
      { type: 'input_audio_buffer.speech_started', audio_start_ms: 100 },
      { type: 'input_audio_buffer.speech_stopped', audio_end_ms: 680 },
      { type: 'input_audio_buffer.committed' },
      { type: 'conversation.item.added' },
    ])
    expect(new Set(events.slice(0, 3).map(({ item_id: id }) => id)).size).toBe(1)
    const { delta } = events.find(({ type }) => type === 'response.output_audio.delta') ?? {}
    expect(delta).toBe(
      Buffer.concat(spoken.map(({ audio }) => Buffer.from(audio, 'base64'))).toString('base64'),
    )
    expect(events.at(-1)).toMatchObject({ type: 'response.done' })
  })

  it.each<[what: string, session: Event, last: unknown]>([
    ['waits for more silence', listening({ type: 'semantic_vad' }), 'input_audio_buffer.speech_started'],
    [
      'leaves the response to the client',
      listening({ type: 'server_vad', silence_duration_ms: 200, create_response: false }),
      'conversation.item.done',
    ],
    ['is off', listening(null), undefined],
    [
      'has no response in a session for captions',
      listening({ type: 'server_vad', silence_duration_ms: 200 }, { type: 'transcription' }),
      'conversation.item.done',
    ],
  ])('%s, as the session says', (_, session, last) => {
    expect(converse(spoken, session).at(-1)?.['type']).toBe(last)
  })
})

describe('audio as events', () => {
  it('is committed as an item, and transcribed where the session has a transcription', () => {
    const events = converse([append, append, commit], captions)
    expect(typesOf(events)).toStrictEqual([
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'conversation.item.input_audio_transcription.completed',
    ])
    expect(events.at(-1)).toMatchObject({
      transcript: '2.0 s of audio',
      usage: { type: 'duration', seconds: 2 },
    })
  })

  it('is not kept without a bound', () => {
    const minute = { ...append, audio: Buffer.alloc(3_000_000).toString('base64') }
    expect(converse([minute, minute, commit])).toMatchObject([
      { error: { param: 'audio' } },
      { error: { code: 'input_audio_buffer_commit_empty' } },
    ])
  })
})

const of = (verb: string, fields = {}) => ({
  type: `conversation.item.${verb}`,
  item_id: 'item_1',
  ...fields,
})

describe('items', () => {
  const truncated = { content_index: 0, audio_end_ms: 10 }

  it('are retrieved, truncated and deleted', () => {
    const events = [of('retrieve'), of('truncate', truncated), of('delete')]
    expect(converse([say('Hello'), ...events]).slice(2)).toMatchObject([
      { type: 'conversation.item.retrieved', item: { role: 'user' } },
      { type: 'conversation.item.truncated', ...truncated },
      { type: 'conversation.item.deleted', item_id: 'item_1' },
    ])
    const codes = converse(events).map(({ error }) => Object(error).code)
    expect(codes).toStrictEqual(
      ['retrieve', 'truncate', 'delete'].map((verb) => `item_${verb}_invalid_item_id`),
    )
  })

  it('know the item before them', () => {
    const events = converse([say('One'), say('Two', 'item_2')])
    expect(events.map(({ previous_item_id: previous }) => previous)).toStrictEqual([
      null,
      null,
      'item_1',
      'item_1',
    ])
  })
})

it.each<
  [what: string, events: readonly (object | string)[], session: Event, code: string, param: string | null]
>([
  ['an event that is not JSON', ['{'], voice, 'invalid_json', null],
  ['a response of a transcription session', [respond()], captions, 'invalid_value', 'type'],
  ['a cancel without a response', [{ type: 'response.cancel' }], voice, 'response_cancel_not_active', null],
  ['a commit without audio', [commit], voice, 'input_audio_buffer_commit_empty', null],
  ['audio that is not base64', [{ ...append, audio: 'a b' }], voice, 'invalid_value', 'audio'],
  ['two items of one id', [say('One'), say('Two')], voice, 'invalid_value', 'item.id'],
  [
    'an item after one that does not exist',
    [{ ...say('One'), previous_item_id: 'item_0' }],
    voice,
    'invalid_value',
    'previous_item_id',
  ],
])('%s is refused', (_, events, session, code, param) => {
  expect(converse(events, session).at(-1)).toMatchObject({
    type: 'error',
    error: { code, param, event_id: null },
  })
})
