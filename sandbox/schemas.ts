/** The three minting requests: the SDK's types, and the ranges and rules that OpenAI's server adds to them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { changeAt, extend, narrow, need, nodeAt, nullable, replace, type SchemaNode } from './schema-tree.ts'

type TypeName = 'client_secrets' | 'translations' | 'sessions' | 'client_events'

const readTypes = (): Readonly<Record<TypeName, SchemaNode>> =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'openai-types.json'), 'utf8'))

type Rule = readonly [path: string, change: (node: SchemaNode) => SchemaNode]

const integer = (minimum: number, maximum?: number) =>
  narrow({ type: 'integer', minimum, ...(maximum === undefined ? {} : { maximum }) })
const decimal = (minimum: number, maximum: number) => narrow({ type: 'number', minimum, maximum })

const openString = replace({ type: 'string' })
const anyObject = replace({ type: 'object' })
const rate = replace({ type: 'integer', minimum: 24_000, maximum: 24_000 })

/** Where audio comes in, in both kinds of GA sessions. */
const inputRules: readonly Rule[] = [
  ['format.rate', rate],
  ['format', need('type', 'rate')],
  ['noise_reduction.strength', decimal(0, 1)],
  ['noise_reduction', nullable],
  ['transcription.model', openString],
  ['transcription.languages', narrow({ type: 'array', minItems: 1 })],
  ['transcription.prompt', narrow({ type: 'string', maxLength: 1_024 })],
  ['transcription', nullable],
  ['turn_detection.threshold', decimal(0, 1)],
  ['turn_detection.prefix_padding_ms', integer(0)],
  ['turn_detection.silence_duration_ms', integer(0)],
  ['turn_detection.idle_timeout_ms', integer(5_000, 30_000)],
]

const functionName = narrow({ type: 'string', pattern: '^[a-zA-Z0-9_-]+$' })

const toolRules: readonly Rule[] = [
  ['tools[].parameters', anyObject],
  ['tools[].name', functionName],
]

const sessionRules: readonly Rule[] = [
  ...inputRules.map(([path, change]): Rule => [`audio.input.${path}`, change]),
  ['audio.output.format.rate', rate],
  ['audio.output.format', need('type', 'rate')],
  ['audio.output.speed', decimal(0.25, 1.5)],
  ['model', openString],
  ...toolRules,
  ['tools[].tunnel_id', narrow({ type: 'string', pattern: '^tunnel_[a-z0-9]{32}$' })],
  ['tools[].server_url', narrow({ type: 'string', format: 'url' })],
  ['tools[].allowed_callers', narrow({ type: 'array', minItems: 1 })],
  ['max_output_tokens', integer(1, 4_096)],
  ['truncation.retention_ratio', decimal(0, 1)],
  ['truncation.token_limits.post_instructions', integer(0)],
  ['tracing.metadata', anyObject],
]

const expiryRules = (path: string): readonly Rule[] => [
  [`${path}.seconds`, integer(10, 7_200)],
  // The types call the anchor optional, and the server requires it.
  [path, need('anchor')],
]

const apply = (schema: SchemaNode, rules: readonly Rule[]): SchemaNode =>
  rules.reduce((changed, [path, change]) => changeAt(changed, path, change), schema)

/** Undocumented in the types of the SDK: `truncation`, `prompt`, and nulls that turn something off. */
function toFlat(
  sessions: SchemaNode,
  { truncation, prompt }: Readonly<Record<string, SchemaNode>>,
): SchemaNode {
  const expiry = nodeAt(sessions, 'client_secret.expires_after')
  // `expires_at` is what openai 4.x called `expires_after`.
  const extended = apply(sessions, [
    ['', extend({ ...(truncation && { truncation }), ...(prompt && { prompt }) })],
    ['client_secret', extend({ expires_at: expiry })],
  ])
  return apply(extended, [
    ...toolRules,
    ['model', openString],
    ['voice', openString],
    ['temperature', decimal(0.6, 1.2)],
    ['speed', decimal(0.25, 1.5)],
    ['max_response_output_tokens', integer(1, 4_096)],
    ['turn_detection.threshold', decimal(0, 1)],
    ['turn_detection.prefix_padding_ms', integer(0)],
    ['turn_detection.silence_duration_ms', integer(0)],
    ['turn_detection', nullable],
    ['input_audio_transcription', nullable],
    ['input_audio_noise_reduction', nullable],
    ['tracing.metadata', anyObject],
    ['tracing', nullable],
    ...expiryRules('client_secret.expires_after'),
    ...expiryRules('client_secret.expires_at'),
  ])
}

/** What a client sends in a connection. */
export function createEventSchema(): SchemaNode {
  const { client_events: events } = readTypes()
  const rules = sessionRules.map(([path, change]): Rule => [`session.${path}`, change])
  const responseRules: readonly Rule[] = [
    ...toolRules.map(([path, change]): Rule => [`response.${path}`, change]),
    ['response.audio.output.format.rate', rate],
    ['response.max_output_tokens', integer(1, 4_096)],
    ['response.metadata', nullable],
  ]
  return apply(events, [...rules, ...responseRules])
}

export function createSchemas(): Readonly<Record<'realtime' | 'translation' | 'flat', SchemaNode>> {
  const { client_secrets: types, translations, sessions } = readTypes()
  const realtime = apply(types, [
    ...sessionRules.map(([path, change]): Rule => [`session.${path}`, change]),
    ...expiryRules('expires_after'),
  ])
  const truncation = nodeAt(realtime, 'session.truncation')
  const prompt = nodeAt(realtime, 'session.prompt')
  return {
    realtime,
    translation: apply(translations, [
      ['session.audio.input.noise_reduction.strength', decimal(0, 1)],
      ...expiryRules('expires_after'),
    ]),
    flat: toFlat(sessions, { truncation, prompt }),
  }
}
