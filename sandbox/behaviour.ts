// The failures that the sandbox can play, and for how many requests.
import { z } from 'zod'
import { parseJson } from './json.ts'

/** Replies that look like a client secret. Only `extra-fields` is a usable one. */
export const malformedVariants = [
  'invalid-json',
  'html',
  'array',
  'empty',
  'utf-16',
  'gzip',
  'huge',
  'created',
  'no-content',
  'partial-content',
  'redirect',
  'missing-value',
  'value-not-a-string',
  'value-without-prefix',
  'value-only-prefix',
  'value-with-space',
  'value-not-ascii',
  'value-is-api-key',
  'value-contains-api-key',
  'value-1mb',
  'missing-expires-at',
  'expires-at-in-milliseconds',
  'expires-at-past',
  'expires-at-far',
  'expires-at-string',
  'expires-at-float',
  'extra-fields',
] as const

const headers = z.record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/))

const behaviourSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('normal') }),
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(200).max(599),
    code: z.string().nullable().optional(),
    message: z.string().optional(),
    body: z.unknown().optional(),
    headers: headers.optional(),
  }),
  z.strictObject({ kind: z.literal('hang') }),
  z.strictObject({ kind: z.literal('headers-only') }),
  z.strictObject({ kind: z.literal('drip') }),
  z.strictObject({ kind: z.literal('reset') }),
  z.strictObject({ kind: z.literal('truncate') }),
  z.strictObject({ kind: z.literal('malformed'), variant: z.enum(malformedVariants) }),
])

const orderSchema = z.strictObject({ behaviour: behaviourSchema, times: z.int().min(1).optional() })

export type MalformedVariant = (typeof malformedVariants)[number]

/**
 * What the sandbox does with a minting request after it has read it.
 *
 * - `normal`: judge it as OpenAI would.
 * - `delay`: the same, `ms` milliseconds later.
 * - `status`: answer with that status. The body is OpenAI's for the status and `code`, unless `body` is given (a string
 *   is sent as it is, other values as JSON). `headers` are added, such as `retry-after`.
 * - `hang`: never answer. `headers-only`: a 200 and its headers, then silence.
 * - `drip`: headers, then one byte every 100 ms, without end.
 * - `reset`: reset the connection after the request.
 * - `truncate`: announce a longer body than is sent, then end.
 * - `malformed`: break the reply to a valid request, see `malformedVariants`. Invalid requests are refused as usual.
 */
export type Behaviour = z.infer<typeof behaviourSchema>

export type BehaviourKind = Behaviour['kind']

/** All kinds, for tests. */
export const behaviourKinds: readonly BehaviourKind[] = behaviourSchema.options.map(
  (option) => option.shape.kind.value,
)

export interface BehaviourSlot {
  /** Replaces the behaviour, for the next `times` requests or until the next call. Throws a ZodError. */
  tell(order: { behaviour: Behaviour; times?: number | undefined }): void
  /** The behaviour of the next request. */
  take(): Behaviour
}

export function createBehaviourSlot(): BehaviourSlot {
  let current: Behaviour = { kind: 'normal' }
  let left = Number.POSITIVE_INFINITY
  return {
    tell: (order) => {
      const { behaviour, times } = orderSchema.parse(order)
      current = behaviour
      left = times ?? Number.POSITIVE_INFINITY
    },
    take: () => {
      if (left === 0) return { kind: 'normal' }
      left -= 1
      return current
    },
  }
}

/** Reads the body of `PUT /sandbox/behaviour`; the error is a text for the sender. */
export function parseOrder(body: string): { order: z.infer<typeof orderSchema> } | { error: string } {
  const parsed = orderSchema.safeParse(parseJson(body))
  if (parsed.success) return { order: parsed.data }
  const example = '{"behaviour":{"kind":"status","status":500},"times":1}'
  const kinds = behaviourKinds.join(', ')
  return { error: `${z.prettifyError(parsed.error)}\nExample: ${example}\nKinds: ${kinds}` }
}
