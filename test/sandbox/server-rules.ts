/** What OpenAI's server accepts and refuses beyond the types of its SDK. */

interface Bound {
  readonly good: readonly unknown[]
  readonly bad?: readonly (readonly [wrong: unknown, code: string])[]
}

const decimal = (min: number, max: number): Bound => ({
  good: [min, max],
  bad: [
    [min - 0.01, 'decimal_below_min_value'],
    [max + 0.01, 'decimal_above_max_value'],
  ],
})

const integer = (min: number, max?: number): Bound => ({
  good: [min, max ?? 300],
  bad: [
    [min - 1, 'integer_below_min_value'],
    [min + 0.5, 'invalid_type'],
    ...(max === undefined ? [] : [[max + 1, 'integer_above_max_value'] as const]),
  ],
})

const text = (good: readonly string[], ...bad: readonly string[]): Bound => ({
  good,
  bad: bad.map((wrong) => [wrong, 'invalid_value']),
})

const functionName = text(['look_up', 'Look-up2'], 'pos.add_item', 'add item', '', 'añadir')
const anyObject: Bound = { good: [{ type: 'object', any: [1] }] }
const rate = integer(24_000, 24_000)
const tokens = integer(1, 4_096)
const seconds = integer(10, 7_200)
const share = decimal(0, 1)

/** By field. The flat fields have no `session.` before them. */
export const bounded: Readonly<Record<string, Bound>> = {
  'expires_after.seconds': seconds,
  'client_secret.expires_after.seconds': seconds,
  'client_secret.expires_at.seconds': seconds,
  'session.audio.input.format.rate': rate,
  'session.audio.input.noise_reduction.strength': share,
  'session.audio.input.transcription.prompt': {
    good: ['', 'x'.repeat(1_024)],
    bad: [['x'.repeat(1_025), 'string_above_max_length']],
  },
  'session.audio.input.transcription.keywords[0]': text(['Astoria'], 'a<b', 'a>b', 'a\rb', 'a\nb'),
  'session.audio.input.turn_detection.threshold': share,
  'session.audio.input.turn_detection.prefix_padding_ms': integer(0),
  'session.audio.input.turn_detection.silence_duration_ms': integer(0),
  'session.audio.input.turn_detection.idle_timeout_ms': integer(5_000, 30_000),
  'session.audio.output.format.rate': rate,
  'session.audio.output.speed': decimal(0.25, 1.5),
  'session.tools[0].name': functionName,
  'session.tools[0].parameters': anyObject,
  'session.tools[0].tunnel_id': text([`tunnel_${'a9'.repeat(16)}`], 'tunnel_1'),
  'session.tools[0].server_url': text(['https://mcp.example.com'], 'not a url'),
  'session.max_output_tokens': tokens,
  'session.truncation.retention_ratio': share,
  'session.truncation.token_limits.post_instructions': integer(0),
  'session.tracing.metadata': anyObject,
  model: text(['gpt-4o-realtime-preview', 'a-deployment']),
  speed: decimal(0.25, 1.5),
  temperature: decimal(0.6, 1.2),
  max_response_output_tokens: tokens,
  'turn_detection.threshold': share,
  'turn_detection.prefix_padding_ms': integer(0),
  'turn_detection.silence_duration_ms': integer(0),
  'tools[0].name': functionName,
  'tools[0].parameters': anyObject,
  tool_choice: text(['auto', 'none', 'required'], 'look_up'),
  'truncation.retention_ratio': share,
  'truncation.token_limits.post_instructions': integer(0),
  'tracing.metadata': anyObject,
}

/** Fields that each sample has, although the types call them optional. */
export const needed: Readonly<Record<string, readonly string[]>> = {
  expires_after: ['anchor'],
  'client_secret.expires_after': ['anchor'],
  'client_secret.expires_at': ['anchor'],
  'session.audio.input.format': ['type', 'rate'],
  'session.audio.output.format': ['type', 'rate'],
  'session.tools[0]': ['type', 'name', 'server_url'],
  'tools[0]': ['type', 'name'],
}

/** Those of them that the server does not require. A tool without a type is a function. */
export const optional: ReadonlySet<string> = new Set(
  ['session.tools[0]', 'tools[0]'].flatMap((tool) => [`${tool}.type`, `${tool}.name`]),
)

/** An MCP tool has one of these. */
export const addresses: readonly string[] = ['server_url', 'connector_id', 'tunnel_id']

/** Fields that null turns off. */
export const nullable: ReadonlySet<string> = new Set([
  'session.audio.input.noise_reduction',
  'session.audio.input.transcription',
  'turn_detection',
  'input_audio_transcription',
  'input_audio_noise_reduction',
  'tracing',
])

/** Lists that must not be empty, and the code of the refusal. */
export const empty: Readonly<Record<string, string>> = {
  'session.audio.input.transcription.languages': 'empty_array',
  'session.output_modalities': 'invalid_value',
  'session.tools[0].allowed_callers': 'empty_array',
  modalities: 'invalid_value',
}
