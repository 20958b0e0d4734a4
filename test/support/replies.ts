/** What the tests of the HTTP interface check in every reply. */
import { expect } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { isReason, type Reason, reasons } from '../../src/reasons.ts'

/** A reply from `inject` or `exchange`. Header names are in lower case. */
export interface AnyReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The paths of both minting routes. */
export const CLIENT_SECRETS = '/v1/realtime/client_secrets'
export const SESSIONS = '/v1/realtime/sessions'

/** A string that only a test sends. No reply and no log may show it. */
export const CANARY = 'canary-7c1e9'

export const bodyOf = (reply: AnyReply): unknown => JSON.parse(reply.body)

export const allReasons: readonly Reason[] = Object.keys(reasons).filter(isReason)

/** Every sentence that an error may contain. */
const fixedMessages: ReadonlySet<string> = new Set(allReasons.map((name) => new ServiceError(name).message))

/** What `refusalOf` returns, for the refusals that several tests expect. */
export const invalid = (param: string | null = null) => [400, 'invalid_request', param] as const
export const notAllowed = (param: string) => [403, 'override_not_allowed', param] as const
export const unauthenticated = [401, 'unauthenticated', null] as const
export const otherOrigin = [403, 'origin_not_allowed', null] as const
export const noPreset = [404, 'unknown_preset', null] as const
export const noRoute = [404, 'invalid_request', null] as const
export const wrongMethod = [405, 'invalid_request', null] as const
export const tooLarge = [413, 'invalid_request', null] as const
export const unsupported = [415, 'invalid_request', null] as const
export const limited = [429, 'rate_limited', null] as const
export const overloaded = [503, 'overloaded', null] as const
export const auditDown = [503, 'audit_unavailable', null] as const
export const draining = [503, 'shutting_down', null] as const

/** The reason of a refusal, or `valid`. */
export async function reasonOf(check: () => unknown): Promise<string> {
  try {
    await check()
    return 'valid'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

/** Checks OpenAI's envelope and the common headers, then returns status, code and param of an error. */
export function refusalOf(reply: AnyReply): readonly [status: number, code: unknown, param: unknown] {
  const { error } = JSON.parse(reply.body)
  expect(bodyOf(reply)).toStrictEqual({
    error: {
      message: expect.toSatisfy((message: string) => fixedMessages.has(message)),
      type: toType(reply.statusCode),
      code: expect.stringMatching(/^[a-z_]+$/),
      param: error?.param === null ? null : expect.stringMatching(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/),
      request_id: reply.headers['x-request-id'],
    },
  })
  expectCommonHeaders(reply)
  return [reply.statusCode, error?.code, error?.param]
}

function toType(status: number): string {
  if (status >= 500) return 'server_error'
  if (status === 429) return 'rate_limit_error'
  return status === 403 ? 'permission_error' : 'invalid_request_error'
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export function expectCommonHeaders({ headers, statusCode }: AnyReply): void {
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(uuid),
    vary: expect.stringMatching(/^Origin(, |$)/),
  })
  if (statusCode !== 204) expect(headers['content-type']).toBe('application/json; charset=utf-8')
  for (const name of ['server', 'x-powered-by', 'etag', 'set-cookie', 'access-control-allow-credentials']) {
    expect(headers).not.toHaveProperty(name)
  }
}
