/** The flat session of POST /v1/realtime/sessions (openai 4.104.0 to 7.57.0), and the GA path of each field. */
import { z } from 'zod'
import { toPath } from '../json.ts'
import {
  expiresAfter,
  functionName,
  jsonSchemaObject,
  MAX_TOOLS,
  maxTokens,
  noiseReductionType,
  openName,
  prompt,
  type RequestedExpiry,
  speed,
  tracing,
  transcriptionPrompt,
  truncation,
} from './parts.ts'

const audioFormat = z.enum(['pcm16', 'g711_ulaw', 'g711_alaw'])

/** One object for both types, as in the flat endpoint. `idle_timeout_ms` was added late. */
const turnDetection = z.strictObject({
  type: z.enum(['server_vad', 'semantic_vad']).nullish(),
  threshold: z.number().min(0).max(1).nullish(),
  prefix_padding_ms: z.int().min(0).nullish(),
  silence_duration_ms: z.int().min(0).nullish(),
  idle_timeout_ms: z.int().min(5000).max(30_000).nullish(),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).nullish(),
  create_response: z.boolean().nullish(),
  interrupt_response: z.boolean().nullish(),
})

const functionTool = z.strictObject({
  type: z.literal('function').nullish(),
  name: functionName,
  description: z.string().nullish(),
  parameters: jsonSchemaObject.nullish(),
})

/** `expires_at` is the name that openai 4.x had for `expires_after`. */
export const clientSecret = z.strictObject({
  expires_after: expiresAfter.nullish(),
  expires_at: expiresAfter.nullish(),
})

const fields = {
  model: openName.nullish(),
  modalities: z
    .array(z.enum(['text', 'audio']))
    .max(2)
    .refine((list) => new Set(list).size === list.length, 'a list that names each modality once')
    .nullish(),
  instructions: z.string().nullish(),
  voice: openName.nullish(),
  input_audio_format: audioFormat.nullish(),
  output_audio_format: audioFormat.nullish(),
  input_audio_transcription: z
    .strictObject({
      model: openName.nullish(),
      language: z.string().nullish(),
      prompt: transcriptionPrompt.nullish(),
    })
    .nullish(),
  turn_detection: turnDetection.nullish(),
  input_audio_noise_reduction: z.strictObject({ type: noiseReductionType.nullish() }).nullish(),
  tools: z.array(functionTool).max(MAX_TOOLS).nullish(),
  tool_choice: z
    .union([z.string().min(1), z.strictObject({ type: z.literal('function'), name: functionName })])
    .nullish(),
  temperature: z.number().min(0.6).max(1.2).nullish(),
  max_response_output_tokens: maxTokens.nullish(),
  speed: speed.nullish(),
  tracing: tracing.nullish(),
  truncation: truncation.nullish(),
  prompt: prompt.nullish(),
}

/** Null is valid everywhere, because SDKs send unset fields as null. The translation interprets it. */
export const flatSession = z.strictObject(fields)

/** As a presets file has it. */
export const flatEntry = z.strictObject({ ...fields, client_secret: clientSecret.nullish() })

export type FlatSession = z.infer<typeof flatSession>
export type FlatField = keyof FlatSession

/** The GA path of every flat field; null where GA has no such field. */
export const gaPathOf = {
  model: 'model',
  modalities: 'output_modalities',
  instructions: 'instructions',
  voice: 'audio.output.voice',
  input_audio_format: 'audio.input.format',
  output_audio_format: 'audio.output.format',
  input_audio_transcription: 'audio.input.transcription',
  turn_detection: 'audio.input.turn_detection',
  input_audio_noise_reduction: 'audio.input.noise_reduction',
  tools: 'tools',
  tool_choice: 'tool_choice',
  temperature: null,
  max_response_output_tokens: 'max_output_tokens',
  speed: 'audio.output.speed',
  tracing: 'tracing',
  truncation: 'truncation',
  prompt: 'prompt',
} as const satisfies Record<FlatField, string | null>

export function isFlatField(name: string): name is FlatField {
  return Object.hasOwn(gaPathOf, name)
}

export const flatFields: readonly FlatField[] = Object.keys(gaPathOf).filter(isFlatField)

/** The flat path of a GA path, which begins with a field; undefined where there is none. */
export function toFlatPath(gaPath: string): readonly [field: FlatField, ...inside: string[]] | undefined {
  for (const field of flatFields) {
    const root = gaPathOf[field]
    if (root === gaPath) return [field]
    if (root !== null && gaPath.startsWith(`${root}.`))
      return [field, ...toPath(gaPath.slice(root.length + 1))]
  }
  return undefined
}

/** The requested lifetime, under each of its two names. Two different values are an error. */
export function requestedExpiries(
  secret: z.infer<typeof clientSecret> | null | undefined,
): readonly RequestedExpiry[] {
  return (['expires_after', 'expires_at'] as const).flatMap((name) => {
    const seconds = secret?.[name]?.seconds
    return seconds === undefined ? [] : [{ seconds, param: `client_secret.${name}.seconds` }]
  })
}
