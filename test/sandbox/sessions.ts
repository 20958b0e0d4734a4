/** The kinds of sessions: samples of the SDK's types, and rules between fields. */
import { readFileSync } from 'node:fs'
import type { SchemaNode } from '../../sandbox/schema-tree.ts'
import { nest } from './caller.ts'
import { lift, type Mistake, objectsOf, type Samples, samplesOf, unite } from './samples.ts'

/** Rules between fields: what a session may have in addition, and what it may not. */
interface Rules {
  readonly base: object
  readonly accepted?: readonly object[]
  readonly refused: readonly Mistake[]
}

const types: Readonly<Record<'client_secrets' | 'translations' | 'sessions', SchemaNode>> = JSON.parse(
  readFileSync(new URL('../../sandbox/openai-types.json', import.meta.url), 'utf8'),
)

const partOf = ({ properties }: SchemaNode, name: string): SchemaNode => properties?.[name] ?? {}

const [realtimeType = {}, transcriptionType = {}] = partOf(types.client_secrets, 'session').anyOf ?? []
const expiryType = partOf(types.client_secrets, 'expires_after')

export const expiries = lift(samplesOf(expiryType, 'expires_after'), (expiry) => ({ expires_after: expiry }))

const withRules = (samples: Samples, { base, accepted = [], refused }: Rules): Samples =>
  unite([
    samples,
    {
      values: accepted.map((fields) => ({ ...base, ...fields })),
      mistakes: refused.map(([fields, code, param]) => [{ ...base, ...Object(fields) }, code, param]),
    },
  ])

const invalid = 'invalid_value'
const exclusive = 'mutually_exclusive_parameters'
const unknown = 'unknown_parameter'

/** A key that an object literal cannot have. */
const proto: object = JSON.parse('{"__proto__":{}}')

const input = (fields: object) => ({ audio: { input: fields } })

const withModel = (model: string, key: string, value: unknown): Mistake => [
  input({ transcription: { model, [key]: value } }),
  invalid,
  `session.audio.input.transcription.${key}`,
]

const modelless = ['gpt-realtime-whisper', 'gpt-live-transcribe'] as const

/** Turn detection, which a transcription session with these models does not have. */
const detecting = modelless.map((model) =>
  input({ transcription: { model }, turn_detection: { type: 'server_vad' } }),
)

const acceptedInputs: readonly object[] = [
  input({ transcription: { model: 'gpt-transcribe', prompt: 'hotel names' } }),
  input({ transcription: { model: 'gpt-transcribe', languages: ['en'], keywords: ['Astoria'] } }),
  ...modelless.map((model) => input({ transcription: { model }, turn_detection: null })),
]

const refusedInputs: readonly Mistake[] = [
  withModel('gpt-realtime-whisper', 'prompt', 'x'),
  withModel('gpt-4o-transcribe-diarize', 'prompt', 'x'),
  withModel('gpt-4o-mini-transcribe', 'languages', ['en']),
  withModel('gpt-4o-mini-transcribe', 'keywords', ['en']),
  [
    nest('audio.input.transcription.keywords', ['fine', 'a<b']),
    invalid,
    'session.audio.input.transcription.keywords[1]',
  ],
  [proto, unknown, 'session.__proto__'],
]

const mcp = { type: 'mcp', server_label: 'docs', server_url: 'https://mcp.example.com' }
const lookUp = { type: 'function', name: 'look_up' }

export const realtime = withRules(objectsOf(realtimeType, 'session'), {
  base: { type: 'realtime' },
  accepted: [...acceptedInputs, ...detecting, { tools: [{}, { name: 'look_up' }] }],
  refused: [
    ...refusedInputs,
    [{ output_modalities: ['audio', 'text'] }, invalid, 'session.output_modalities'],
    [
      { tools: [lookUp, { ...mcp, tunnel_id: `tunnel_${'a1'.repeat(16)}` }] },
      exclusive,
      'session.tools[1].tunnel_id',
    ],
  ],
})

export const transcription = withRules(objectsOf(transcriptionType, 'session'), {
  base: { type: 'transcription' },
  accepted: acceptedInputs,
  refused: [
    ...refusedInputs,
    ...detecting.map((session): Mistake => [session, invalid, 'session.audio.input.turn_detection']),
    [{ model: 'gpt-realtime-2.1' }, unknown, 'session.model'],
  ],
})

export const translation = withRules(objectsOf(partOf(types.translations, 'session'), 'session'), {
  base: { model: 'gpt-realtime-translate' },
  refused: [[{ type: 'translation' }, unknown, 'session.type']],
})

/** In addition to its types: two fields of GA sessions, and what openai 4.x called `expires_after`. */
const flatType: SchemaNode = {
  properties: {
    ...types.sessions.properties,
    truncation: partOf(realtimeType, 'truncation'),
    prompt: partOf(realtimeType, 'prompt'),
    client_secret: { type: 'object', properties: { expires_after: expiryType, expires_at: expiryType } },
  },
}

export const flatFields = objectsOf(flatType, '')

const expiry = { anchor: 'created_at' }

export const flat = withRules(flatFields, {
  base: {},
  accepted: [
    { modalities: ['audio', 'text'] },
    { modalities: ['text', 'audio'] },
    { turn_detection: { type: 'server_vad', threshold: 0.5, eagerness: 'low' } },
    { tools: [{}] },
    { tools: [{ name: 'look_up' }], tool_choice: 'look_up' },
  ],
  refused: [
    [{ modalities: ['audio', 'audio'] }, invalid, 'modalities'],
    [{ modalities: ['text', 'audio', 'text'] }, invalid, 'modalities'],
    [{ tools: [lookUp, { type: 'mcp', name: 'docs' }] }, invalid, 'tools[1].type'],
    [{ client_secret: { expires_after: expiry, expires_at: expiry } }, exclusive, 'client_secret.expires_at'],
    [proto, unknown, '__proto__'],
  ],
})
