// The two GA minting requests as OpenAI accepts them; unknown fields are refused at every level.
import { z } from 'zod'
import { decimal, input, integer, output, translationAudio } from './audio-schema.ts'
import { toolChoice, tools } from './tools-schema.ts'

const include = z.array(z.literal('item.input_audio_transcription.logprobs'))

/** Modalities in one of some combinations, whose order does not matter. */
export const modalitiesIn = (combinations: readonly (readonly string[])[]) => {
  const supported = new Set(combinations.map(toKey))
  return z.array(z.enum(['text', 'audio'])).superRefine((value, context) => {
    if (supported.has(toKey(value))) return
    const those = combinations.map(toText).join(' and ')
    const message = `Invalid modalities: ${toText(value)}. Supported combinations are: ${those}.`
    context.addIssue({ code: 'custom', message })
  })
}

const toKey = (modalities: readonly string[]): string => modalities.toSorted().join()
const toText = (modalities: readonly string[]): string =>
  `[${modalities.map((modality) => `'${modality}'`).join(', ')}]`

export const tracing = z.union([
  z.literal('auto'),
  z.strictObject({
    workflow_name: z.string().optional(),
    group_id: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
])

export const truncation = z.union([
  z.enum(['auto', 'disabled']),
  z.strictObject({
    type: z.literal('retention_ratio'),
    retention_ratio: decimal(0, 1),
    token_limits: z.strictObject({ post_instructions: integer(0).optional() }).optional(),
  }),
])

// What the typed values hold is another API's shape, and the whole field is shut down on 2026-11-30.
const promptValue = z.looseObject({ type: z.enum(['input_text', 'input_image', 'input_file']) })
export const prompt = z.strictObject({
  id: z.string(),
  version: z.string().nullable().optional(),
  variables: z
    .record(z.string(), z.union([z.string(), promptValue]))
    .nullable()
    .optional(),
})

const realtimeSession = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  audio: z.strictObject({ input: input.optional(), output: output.optional() }).optional(),
  output_modalities: modalitiesIn([['text'], ['audio']]).optional(),
  instructions: z.string().optional(),
  include: include.optional(),
  tools: tools.optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: z
    .strictObject({ effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional() })
    .optional(),
  max_output_tokens: z.union([integer(1, 4096), z.literal('inf')]).optional(),
  truncation: truncation.optional(),
  tracing: tracing.nullable().optional(),
  prompt: prompt.nullable().optional(),
})

const transcriptionSession = z.strictObject({
  type: z.literal('transcription'),
  audio: z.strictObject({ input: input.optional() }).optional(),
  include: include.optional(),
})

const translationSession = z.strictObject({ model: z.string(), audio: translationAudio.optional() })

const expiresAfter = z.strictObject({
  anchor: z.literal('created_at').optional(),
  seconds: integer(10, 7200).optional(),
})

/** Body of `POST /v1/realtime/client_secrets`; `{}` is a whole request. */
export const clientSecretRequest = z.strictObject({
  session: z.discriminatedUnion('type', [realtimeSession, transcriptionSession]).optional(),
  expires_after: expiresAfter.optional(),
})

/** Body of `POST /v1/realtime/translations/client_secrets`; its session has no `type`. */
export const translationSecretRequest = z.strictObject({
  session: translationSession,
  expires_after: expiresAfter.optional(),
})

export type RealtimeSession = z.infer<typeof realtimeSession>
export type TranscriptionSession = z.infer<typeof transcriptionSession>
export type TranslationSession = z.infer<typeof translationSession>
