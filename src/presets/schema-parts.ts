/** Pieces that the GA and the flat session have in common; sources: openai 7.57.0 types, OpenAPI 2.3.0. */
import { z } from 'zod'

/** Model and voice names stay open: new ones appear between releases of this service. */
export const openName = z.string().min(1)

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
    metadata: z.json().optional(),
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
  variables: z.record(z.string(), z.json()).nullish(),
})

export const jsonSchemaObject = z.record(z.string(), z.json())

/** OpenAI's range for the life of a client secret, in seconds. */
export const expirySeconds = z.int().min(10).max(7200)

/** Both members may be left out: the anchor has one value, and the seconds have the preset's. */
export const expiresAfter = z.strictObject({
  anchor: z.literal('created_at').optional(),
  seconds: expirySeconds.optional(),
})
