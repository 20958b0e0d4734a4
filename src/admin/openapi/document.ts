/** The parts of an OpenAPI document that both listeners have. */
import { z } from 'zod'
import { ServiceError, toType } from '../../errors.ts'
import { isReason, reasons } from '../../reasons.ts'
import { readVersion } from '../../version.ts'

export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
}

const errorReply = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.enum([400, 403, 429, 500].map(toType)),
    code: z.string(),
    /** The field or parameter that is wrong. */
    param: z.string().nullable(),
    request_id: z.string(),
  }),
})

type SchemaObject = Readonly<Record<string, unknown>>

/** What cannot be said in JSON Schema, such as a check in code, is left out. */
export function toSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): SchemaObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

export const toJsonContent = (schema: SchemaObject) => ({ 'application/json': { schema } })

export const toReply = (description: string, schema: SchemaObject) => ({
  description,
  content: toJsonContent(schema),
})

/** Each reply that the public listener refuses with, once. */
export function listServiceFailures(): readonly Failure[] {
  const failures = Object.keys(reasons)
    .filter(isReason)
    .map((reason) => {
      const { status, code, message } = new ServiceError(reason)
      return { status, code, message }
    })
  return [...new Map(failures.map((one) => [`${one.status} ${one.message}`, one])).values()]
}

/** One response for each status, with the codes that it may have. */
export function toFailureReplies(failures: readonly Failure[]): SchemaObject {
  const byStatus = Map.groupBy(failures, ({ status }) => status)
  const replies = [...byStatus].map(([status, own]) => {
    const lines = own.map(({ code, message }) => `- \`${code}\`: ${message}`)
    const codes = [...new Set(own.map(({ code }) => code))]
    const schema = {
      $ref: '#/components/schemas/Error',
      properties: { error: { properties: { code: { enum: codes } } } },
    }
    return [String(status), toReply([...new Set(lines)].join('\n'), schema)]
  })
  return Object.fromEntries(replies)
}

/** Any other failure, such as a request that is not HTTP. */
export const otherFailure = { $ref: '#/components/responses/Failure' }

export interface DocumentParts {
  readonly title: string
  readonly description: string
  readonly paths: SchemaObject
  readonly security: readonly SchemaObject[]
  readonly securitySchemes: SchemaObject
}

export const toDocument = ({
  title,
  description,
  paths,
  security,
  securitySchemes,
}: DocumentParts): object => ({
  openapi: '3.1.0',
  info: { title, description, version: readVersion(), license: { name: 'MIT', identifier: 'MIT' } },
  // Below any path of a proxy.
  servers: [{ url: './' }],
  security,
  paths,
  components: {
    schemas: { Error: toSchema(errorReply) },
    responses: { Failure: toReply('Refused or failed.', { $ref: '#/components/schemas/Error' }) },
    securitySchemes,
  },
})
