// What OpenAI accepts under a session's `audio`, restated here so that no mistake of our presets' schema is shared.
import { z } from 'zod'

// The messages are tags: zod's issues do not say whether the schema asked for an integer or a decimal, and
// OpenAI's codes and messages do.
export const integer = (min: number, max?: number) => {
  const atLeast = z.int('integer').min(min, 'integer')
  return max === undefined ? atLeast : atLeast.max(max, 'integer')
}
export const decimal = (min: number, max: number) =>
  z.number('decimal').min(min, 'decimal').max(max, 'decimal')

// A PCM format without its rate is refused, though the SDK's types call the rate optional, and a rate below
// 24000 is an integer below the minimum: https://github.com/openai/openai-openapi/issues/513
const format = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: integer(24_000, 24_000) }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
])

const noiseType = z.enum(['near_field', 'far_field'])
const noiseReduction = z.strictObject({ type: noiseType.optional(), strength: decimal(0, 1).optional() })
const translationNoise = z.strictObject({ type: noiseType, strength: decimal(0, 1).optional() })

const withoutPrompt: ReadonlySet<string> = new Set(['gpt-realtime-whisper', 'gpt-4o-transcribe-diarize'])

const transcription = z
  .strictObject({
    model: z.string().optional(),
    language: z.string().optional(),
    languages: z.array(z.string()).min(1).optional(),
    keywords: z.array(z.string()).optional(),
    prompt: z.string().optional(),
    delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  })
  .superRefine((value, context) => {
    if (value.prompt === undefined || !withoutPrompt.has(value.model ?? '')) return
    context.addIssue({ code: 'custom', path: ['prompt'], message: `Model '${value.model}' takes no prompt.` })
  })

const turnDetection = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server_vad'),
    threshold: decimal(0, 1).optional(),
    prefix_padding_ms: integer(0).optional(),
    silence_duration_ms: integer(0).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    idle_timeout_ms: integer(5000, 30_000).nullable().optional(),
  }),
  z.strictObject({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
  }),
])

export const input = z
  .strictObject({
    format: format.optional(),
    transcription: transcription.nullable().optional(),
    noise_reduction: noiseReduction.nullable().optional(),
    turn_detection: turnDetection.nullable().optional(),
  })
  .superRefine((value, context) => {
    if (value.transcription?.model !== 'gpt-realtime-whisper' || !value.turn_detection) return
    const message = "Turn detection must be null with model 'gpt-realtime-whisper'."
    context.addIssue({ code: 'custom', path: ['turn_detection'], message })
  })

export const output = z.strictObject({
  format: format.optional(),
  voice: z.union([z.string(), z.strictObject({ id: z.string() })]).optional(),
  speed: decimal(0.25, 1.5).optional(),
})

export const translationAudio = z.strictObject({
  input: z
    .strictObject({
      transcription: z.strictObject({ model: z.string() }).nullable().optional(),
      noise_reduction: translationNoise.nullable().optional(),
    })
    .optional(),
  output: z.strictObject({ language: z.string().optional() }).optional(),
})
