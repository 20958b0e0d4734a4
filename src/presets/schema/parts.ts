/** Parts that GA and flat sessions share. Sources: the types of openai 7.57.0, OpenAPI 2.3.0. */
import { z } from 'zod'
import { isObject } from '../../json.ts'

/** Bounds of lists and of objects with free keys: OpenAI's where it has one, else more than any session needs. */
export const MAX_TOOLS = 128
export const MAX_INCLUDES = 16
export const MAX_ITEMS = 128
export const MAX_KEYS = 128

/** An object with free keys. It counts them before it checks them: the cost of a refusal has a bound. */
export function recordOf<Key extends z.core.$ZodRecordKey, Value extends z.ZodType>(
  key: Key,
  value: Value,
  max = MAX_KEYS,
) {
  return z.preprocess(
    (input, { issues }) => {
      const isTooLarge = isObject(input) && Object.keys(input).length > max
      if (isTooLarge) issues.push({ code: 'too_big', origin: 'object', maximum: max, input })
      return input
    },
    z.record(key, value),
  )
}

/** Any JSON: what we parse is JSON already, and z.json() would check it again, value by value. */
export const anyJson = z.unknown()

/** Model and voice names stay open: new ones appear between releases of this service. */
export const openName = z.string().min(1)

/** The documentation does not say so, but the server refuses other characters. */
export const functionName = z.string().regex(/^[a-zA-Z0-9_-]+$/, 'a name of letters, digits, _ and -')

/** The prompt of a transcription. The server refuses a longer one. */
export const transcriptionPrompt = z.string().max(1024)

export const speed = z.number().min(0.25).max(1.5)

/** The range is in OpenAI's description of the field, not in its schema. */
export const maxTokens = z.union([z.int().min(1).max(4096), z.literal('inf')])

export const noiseReductionType = z.enum(['near_field', 'far_field'])

/** `metadata` is untyped upstream, so any JSON passes. */
export const tracing = z.union([
  z.literal('auto'),
  z.strictObject({
    workflow_name: z.string().optional(),
    group_id: z.string().optional(),
    metadata: anyJson.optional(),
  }),
])

export const truncation = z.union([
  z.enum(['auto', 'disabled']),
  z.strictObject({
    type: z.literal('retention_ratio'),
    retention_ratio: z.number().min(0).max(1),
    token_limits: z.strictObject({ post_instructions: z.int().min(0).optional() }).optional(),
  }),
])

export const prompt = z.strictObject({
  id: openName,
  version: z.string().nullish(),
  variables: recordOf(z.string(), anyJson).nullish(),
})

export const jsonSchemaObject = recordOf(z.string(), anyJson)

/** OpenAI's range for the lifetime of a client secret, in seconds. */
export const expirySeconds = z.int().min(10).max(7200)

/** Both members are optional: the anchor has one value, and the seconds default to the preset's. */
export const expiresAfter = z.strictObject({
  anchor: z.literal('created_at').optional(),
  seconds: expirySeconds.optional(),
})

/** A requested lifetime. */
export interface RequestedExpiry {
  readonly seconds: number
  /** Where the body has it. */
  readonly param: string
}
