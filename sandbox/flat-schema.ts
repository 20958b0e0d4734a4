// The minting request of the older flat endpoint, as OpenAI accepted it until May 2026 and others still do.
import { z } from 'zod'
import { decimal, integer } from './audio-schema.ts'
import { modalitiesIn, prompt, tracing, truncation } from './schema.ts'
import { functionTool } from './tools-schema.ts'

const audioFormat = z.enum(['pcm16', 'g711_ulaw', 'g711_alaw'])

// One object for both kinds, whose type may be left out.
const turnDetection = z.strictObject({
  type: z.enum(['server_vad', 'semantic_vad']).optional(),
  threshold: decimal(0, 1).optional(),
  prefix_padding_ms: integer(0).optional(),
  silence_duration_ms: integer(0).optional(),
  create_response: z.boolean().optional(),
  interrupt_response: z.boolean().optional(),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
})

// Unlike in the GA request, the anchor has to be there.
const expiry = z.strictObject({ anchor: z.literal('created_at'), seconds: integer(10, 7200).optional() })

// `expires_at` is what openai 4.x called `expires_after`. A server knew one name or the other, none both at once.
const clientSecret = z
  .strictObject({ expires_after: expiry.optional(), expires_at: expiry.optional() })
  .superRefine((value, context) => {
    if (value.expires_after === undefined || value.expires_at === undefined) return
    const message = "Give 'expires_after' or 'expires_at', not both."
    const params = { code: 'mutually_exclusive_parameters' }
    context.addIssue({ code: 'custom', path: ['expires_at'], message, params })
  })

const toolModes: ReadonlySet<string> = new Set(['auto', 'none', 'required'])

/**
 * Body of `POST …/realtime/sessions`; `{}` is a whole request. Null is taken only where it means "off". Audio without
 * text is what OpenAI itself refused; the servers that remain are not known to.
 */
export const flatRequest = z
  .strictObject({
    model: z.string().optional(),
    modalities: modalitiesIn([['text'], ['audio'], ['audio', 'text']]).optional(),
    instructions: z.string().optional(),
    voice: z.string().optional(),
    input_audio_format: audioFormat.optional(),
    output_audio_format: audioFormat.optional(),
    input_audio_transcription: z
      .strictObject({
        model: z.string().optional(),
        language: z.string().optional(),
        prompt: z.string().optional(),
      })
      .nullable()
      .optional(),
    turn_detection: turnDetection.nullable().optional(),
    input_audio_noise_reduction: z
      .strictObject({ type: z.enum(['near_field', 'far_field']).optional() })
      .nullable()
      .optional(),
    tools: z.array(functionTool).optional(),
    tool_choice: z.string().optional(),
    temperature: decimal(0.6, 1.2).optional(),
    max_response_output_tokens: z.union([integer(1, 4096), z.literal('inf')]).optional(),
    speed: decimal(0.25, 1.5).optional(),
    tracing: tracing.nullable().optional(),
    truncation: truncation.optional(),
    prompt: prompt.nullable().optional(),
    client_secret: clientSecret.optional(),
  })
  .superRefine(({ tool_choice: choice, tools = [] }, context) => {
    if (choice === undefined || toolModes.has(choice)) return
    if (tools.some(({ name }) => name === choice)) return
    const message = `Tool choice '${choice}' not found in 'tools'.`
    context.addIssue({ code: 'custom', path: ['tool_choice'], message })
  })

export type FlatRequest = z.infer<typeof flatRequest>
