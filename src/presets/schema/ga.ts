/**
 * The sessions of POST /v1/realtime/client_secrets and /v1/realtime/translations/client_secrets.
 * Upstream refuses a request for one unknown name, so every object is strict.
 */
import { z } from 'zod'
import { refusesPrompt, refusesTurnDetection, refusesVocabulary } from './models.ts'
import {
  functionName,
  jsonSchemaObject,
  MAX_INCLUDES,
  MAX_ITEMS,
  MAX_TOOLS,
  maxTokens,
  noiseReductionType,
  openName,
  prompt,
  recordOf,
  speed,
  tracing,
  transcriptionPrompt,
  truncation,
} from './parts.ts'

/** The types make the rate optional, but the server requires it: https://github.com/openai/openai-openapi/issues/513 */
const audioFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000) }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
])

const keyword = z.string().regex(/^[^<>\r\n]*$/, 'text without <, > and line breaks')

/** `language: null` was refused on input, although replies echo it. */
const transcription = z.strictObject({
  model: openName.optional(),
  language: z.string().optional(),
  languages: z.array(z.string()).min(1).max(MAX_ITEMS).optional(),
  keywords: z.array(keyword).max(MAX_ITEMS).optional(),
  prompt: transcriptionPrompt.optional(),
  delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
})

const strength = z.number().min(0).max(1).optional()

/** The types make `type` optional, so this does, too. */
const noiseReduction = z.strictObject({ type: noiseReductionType.optional(), strength })

const turnDetection = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('server_vad'),
    threshold: z.number().min(0).max(1).optional(),
    prefix_padding_ms: z.int().min(0).optional(),
    silence_duration_ms: z.int().min(0).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
    idle_timeout_ms: z.int().min(5000).max(30_000).nullish(),
  }),
  z.strictObject({
    type: z.literal('semantic_vad'),
    eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
    create_response: z.boolean().optional(),
    interrupt_response: z.boolean().optional(),
  }),
])

/** Rules of the server that no type states. */
const transcriptionRules = [
  ['prompt', refusesPrompt, 'left out with this model'],
  ['languages', refusesVocabulary, 'left out with this model; write one language in its place'],
  ['keywords', refusesVocabulary, 'left out with this model'],
] as const

const audioInput = z
  .strictObject({
    format: audioFormat.optional(),
    transcription: transcription.nullish(),
    noise_reduction: noiseReduction.nullish(),
    turn_detection: turnDetection.nullish(),
  })
  .superRefine(({ transcription: given }, context) => {
    for (const [field, refuses, message] of transcriptionRules) {
      if (given?.[field] === undefined || !refuses(given.model)) continue
      context.addIssue({ code: 'custom', path: ['transcription', field], message })
    }
  })

/** A realtime session takes turn detection with every model. */
const transcriptionInput = audioInput.refine(
  (input) => !input.turn_detection || !refusesTurnDetection(input.transcription?.model),
  {
    path: ['turn_detection'],
    error: 'null with this transcription model: the page commits its audio with input_audio_buffer.commit',
  },
)

const toolFilter = z.strictObject({
  read_only: z.boolean().optional(),
  tool_names: z.array(z.string()).max(MAX_ITEMS).optional(),
})

/** From OpenAI's OpenAPI document: a closed list. */
const connectors = [
  'connector_dropbox',
  'connector_gmail',
  'connector_googlecalendar',
  'connector_googledrive',
  'connector_microsoftteams',
  'connector_outlookcalendar',
  'connector_outlookemail',
  'connector_sharepoint',
] as const

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '')
}

/** `authorization` and `headers` are known, so that their problem is not a misspelt name: presets cannot contain them. */
const mcpTool = z
  .strictObject({
    type: z.literal('mcp'),
    server_label: openName,
    server_url: z.string().refine(isHttpUrl, 'a URL such as https://mcp.example.com').optional(),
    connector_id: z.enum(connectors).optional(),
    tunnel_id: z
      .string()
      .regex(/^tunnel_[a-z0-9]{32}$/, 'tunnel_ and 32 lower-case letters or digits')
      .optional(),
    authorization: z.string().optional(),
    headers: recordOf(z.string(), z.string()).nullish(),
    allowed_tools: z.union([z.array(z.string()).max(MAX_ITEMS), toolFilter]).nullish(),
    require_approval: z
      .union([
        z.enum(['always', 'never']),
        z.strictObject({ always: toolFilter.optional(), never: toolFilter.optional() }),
      ])
      .nullish(),
    server_description: z.string().optional(),
    defer_loading: z.boolean().optional(),
    allowed_callers: z
      .array(z.enum(['direct', 'programmatic']))
      .min(1)
      .max(2)
      .nullish(),
  })
  .refine(
    ({ server_url, connector_id, tunnel_id }) =>
      [server_url, connector_id, tunnel_id].filter((address) => address !== undefined).length === 1,
    'an object with one of server_url, connector_id and tunnel_id',
  )

/** The types make every key optional, but nothing can call a function without a type or a name. */
const functionTool = z.strictObject({
  type: z.literal('function'),
  name: functionName,
  description: z.string().optional(),
  parameters: jsonSchemaObject.optional(),
})

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), name: openName }),
    z.strictObject({ type: z.literal('mcp'), server_label: openName, name: z.string().nullish() }),
  ]),
])

const include = z.array(z.literal('item.input_audio_transcription.logprobs')).max(MAX_INCLUDES).optional()

const realtime = z.strictObject({
  type: z.literal('realtime'),
  model: openName.optional(),
  instructions: z.string().optional(),
  output_modalities: z
    .array(z.enum(['audio', 'text']))
    .length(1)
    .optional(),
  audio: z
    .strictObject({
      input: audioInput.optional(),
      output: z
        .strictObject({
          format: audioFormat.optional(),
          voice: z.union([openName, z.strictObject({ id: openName })]).optional(),
          speed: speed.optional(),
        })
        .optional(),
    })
    .optional(),
  include,
  tools: z
    .array(z.discriminatedUnion('type', [functionTool, mcpTool]))
    .max(MAX_TOOLS)
    .optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: z
    .strictObject({ effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional() })
    .optional(),
  max_output_tokens: maxTokens.optional(),
  truncation: truncation.optional(),
  tracing: tracing.nullish(),
  prompt: prompt.nullish(),
})

const transcriptionSession = z.strictObject({
  type: z.literal('transcription'),
  audio: z.strictObject({ input: transcriptionInput.optional() }).optional(),
  include,
})

/** `type` is only in presets: this endpoint does not take it, and toBodyTemplate leaves it out. */
const translation = z.strictObject({
  type: z.literal('translation'),
  model: openName,
  audio: z
    .strictObject({
      input: z
        .strictObject({
          transcription: z.strictObject({ model: openName }).nullish(),
          noise_reduction: z.strictObject({ type: noiseReductionType, strength }).nullish(),
        })
        .optional(),
      output: z.strictObject({ language: z.string().optional() }).optional(),
    })
    .optional(),
})

export const gaSession = z.discriminatedUnion('type', [realtime, transcriptionSession, translation])

export const gaSessions = { realtime, transcription: transcriptionSession, translation } as const

export type SessionType = keyof typeof gaSessions

export function isSessionType(value: unknown): value is SessionType {
  return typeof value === 'string' && Object.hasOwn(gaSessions, value)
}

/** A request can name single fields of a session, so every field is optional there. */
export const requestedSessions = {
  realtime: realtime.partial(),
  transcription: transcriptionSession.partial(),
  translation: translation.partial(),
} as const
