/** The service in front of a server that still serves the flat endpoint: LocalAI, Azure's preview. */
import { describe, expect, it } from 'vitest'
import { malformedVariants } from '../../sandbox/behaviour.ts'
import { ask, lastSent, outcomeOf } from '../routes/asking.ts'
import { nest } from '../sandbox/caller.ts'
import { createEnvironment, startProcess } from '../support/process.ts'
import { CLIENT_SECRETS, SESSIONS } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'

const environment = { OPENAI_REALTIME_API: 'sessions' } as const

const sessions: Readonly<Record<string, object>> = {
  empty: {},
  classic: {
    model: 'gpt-4o-realtime-preview',
    modalities: ['audio', 'text'],
    instructions: 'Be kind.\nBe "brief".',
    voice: 'ash',
    input_audio_format: 'pcm16',
    output_audio_format: 'g711_ulaw',
    input_audio_transcription: { model: 'whisper-1', language: 'en', prompt: 'hotel names' },
    turn_detection: { type: 'server_vad', threshold: 0.5, silence_duration_ms: 400, eagerness: 'low' },
    input_audio_noise_reduction: { type: 'near_field' },
    tools: [{ type: 'function', name: 'look_up', parameters: { type: 'object', properties: {} } }],
    tool_choice: 'look_up',
    temperature: 0.7,
    max_response_output_tokens: 'inf',
    speed: 1.1,
    tracing: { workflow_name: 'desk', metadata: { a: [1] } },
    truncation: 'auto',
    prompt: { id: 'pmpt_1', version: '2' },
  },
  off: {
    modalities: ['audio'],
    input_audio_transcription: null,
    turn_detection: null,
    input_audio_noise_reduction: null,
    tracing: null,
    prompt: null,
  },
  untyped: { turn_detection: { threshold: 0.4 }, tools: [{ name: 'look_up' }], modalities: ['text'] },
}

const overrides = {
  'audio.output.voice': ['verse'],
  'audio.output.speed': { min: 0.5, max: 1.2 },
  'audio.input.format.type': ['audio/pcmu', 'audio/pcma'],
  'audio.output.format.type': ['audio/pcm'],
  'audio.input.transcription.language': ['de'],
  'audio.input.noise_reduction': [null],
  'audio.input.turn_detection': [null],
  'audio.input.turn_detection.type': ['semantic_vad'],
  'audio.input.turn_detection.threshold': { min: 0.2, max: 0.8 },
  instructions: ['Sing.'],
  max_output_tokens: { max: 100 },
  output_modalities: [['text']],
  tool_choice: ['none'],
  tracing: [null],
}

const presets = JSON.stringify({
  presets: {
    ...Object.fromEntries(Object.entries(sessions).map(([name, session]) => [name, { session }])),
    open: { session: sessions['classic'], overrides },
    greeter: {
      session: { instructions: 'Greet {{guest}}.', client_secret: { expires_at: { seconds: 90 } } },
      variables: { guest: { max_length: 20 } },
    },
  },
})

const expiring = (seconds: number): object => ({
  client_secret: { expires_after: { anchor: 'created_at', seconds } },
})

const service = shareService({ environment, sandbox: { api: 'sessions' }, presets })

describe('a flat preset', () => {
  it.each(Object.entries(sessions))('is sent as written, with an expiry: %s', async (preset, session) => {
    expect(outcomeOf(await ask(service(), { body: { preset } }))).toBe('issued')
    expect(lastSent(service())).toStrictEqual({ ...session, ...expiring(60) })
    expect(service().sandbox.requests.at(-1)?.path).toBe('/v1/realtime/sessions')
  })

  it.each<[path: string, body: object, seconds: number]>([
    [CLIENT_SECRETS, {}, 90],
    [SESSIONS, {}, 90],
    [CLIENT_SECRETS, { expires_after: { seconds: 20 } }, 20],
    [SESSIONS, { client_secret: { expires_after: { seconds: 20 } } }, 20],
  ])('is sent with its variables and expiry: %s with %j makes it %i s', async (path, asked, seconds) => {
    const body = { preset: 'greeter', variables: { guest: 'A "B"' }, ...asked }
    expect(outcomeOf(await ask(service(), { path, body }))).toBe('issued')
    expect(lastSent(service())).toStrictEqual({ instructions: 'Greet A "B".', ...expiring(seconds) })
  })

  /** What is asked by GA path, the same in the flat shape, and what upstream gets for it where that is not the same. */
  const changes: [path: string, value: unknown, flat: object, sent?: object][] = [
    ['audio.output.voice', 'verse', { voice: 'verse' }],
    ['audio.output.speed', 0.5, { speed: 0.5 }],
    ['instructions', 'Sing.', { instructions: 'Sing.' }],
    ['max_output_tokens', 50, { max_response_output_tokens: 50 }],
    ['output_modalities', ['text'], { modalities: ['text'] }],
    ['output_modalities', ['audio'], { modalities: ['audio'] }, {}],
    ['tool_choice', 'none', { tool_choice: 'none' }],
    ['tracing', null, { tracing: null }],
    ['audio.input.format', { type: 'audio/pcmu' }, { input_audio_format: 'g711_ulaw' }],
    ['audio.input.format', { type: 'audio/pcma' }, { input_audio_format: 'g711_alaw' }],
    ['audio.output.format', { type: 'audio/pcm', rate: 24_000 }, { output_audio_format: 'pcm16' }],
    ['audio.input.noise_reduction', null, { input_audio_noise_reduction: null }],
    ['audio.input.turn_detection', null, { turn_detection: null }],
    [
      'audio.input.transcription',
      { language: 'de' },
      { input_audio_transcription: { language: 'de' } },
      { input_audio_transcription: { model: 'whisper-1', language: 'de', prompt: 'hotel names' } },
    ],
    [
      'audio.input.turn_detection',
      { type: 'server_vad', threshold: 0.2 },
      { turn_detection: { threshold: 0.2 } },
      { turn_detection: { type: 'server_vad', threshold: 0.2, silence_duration_ms: 400 } },
    ],
    ['audio.input.turn_detection', { type: 'semantic_vad' }, { turn_detection: { type: 'semantic_vad' } }],
  ]

  const asked = changes.flatMap(([path, value, flat, sent = flat]) => [
    [SESSIONS, flat, sent] as const,
    [CLIENT_SECRETS, { session: nest(path, value) }, sent] as const,
  ])
  it.each(asked)('accepts what it opens from %s, as %j, and sends it flat', async (path, fields, sent) => {
    expect(outcomeOf(await ask(service(), { path, body: { preset: 'open', ...fields } }))).toBe('issued')
    expect(lastSent(service())).toStrictEqual({ ...sessions['classic'], ...sent, ...expiring(60) })
  })
})

describe('the reply to the browser', () => {
  it.each(malformedVariants)('is an error or a whole secret if upstream’s is %s', async (variant) => {
    service().sandbox.behave({ kind: 'malformed', variant }, 1)
    const outcome = variant === 'extra-fields' ? 'issued' : [502, 'upstream_malformed', null]
    expect(outcomeOf(await ask(service(), { body: { preset: 'classic' } }))).toEqual(outcome)
  })

  it('is an error if upstream’s is in the GA shape', async () => {
    const body = { value: 'ek_of_another_shape', expires_at: Math.floor(Date.now() / 1000) + 60 }
    service().sandbox.behave({ kind: 'status', status: 200, body }, 1)
    expect(outcomeOf(await ask(service(), { body: { preset: 'classic' } }))).toEqual([
      502,
      'upstream_malformed',
      null,
    ])
  })
})

it('a service for the flat endpoint does not start with presets in the GA shape, and names each of them', async () => {
  const settings = await createEnvironment('http://127.0.0.1:1/v1')
  const started = startProcess([process.execPath, 'src/main.ts'], { ...settings, ...environment })
  expect(await started.ended).toBe(78)
  const problems = started.stderr()
  const named = problems.matchAll(/ presets\.([\w-]+)\.session\.type: .*OPENAI_REALTIME_API=sessions/g)
  const ga = ['voice-assistant', 'transcriber', 'translator', 'support-agent']
  expect(Array.from(named, ([, name]) => name)).toEqual(ga)
})
