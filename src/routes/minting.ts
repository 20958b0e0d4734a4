/** The policy of both minting routes: the guards, in the order in which they run. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CallerGuard } from '../auth/caller.ts'
import { attemptOf } from '../http/attempt-of.ts'
import { checkBodyHeaders } from '../http/json-body.ts'
import { checkFetchMetadata, createOriginGuard, toKnownOrigin } from '../http/origin.ts'
import type { Issuer } from '../issuer.ts'
import type { JsonObject } from '../json.ts'
import {
  type MintRequest,
  parseClientSecretsRequest,
  parseSessionsRequest,
} from '../presets/request/mint-request.ts'

export interface MintingOptions {
  readonly allowedOrigins: ReadonlySet<string>
  readonly issuer: Issuer
  /** Undefined if callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
}

/** What differs between the minting routes: the path and the shape of the bodies. */
interface Dialect {
  readonly path: string
  readonly parseRequest: (body: JsonObject) => MintRequest
  readonly toReply: (value: string, expiresAt: number) => object
}

/** OpenAI's GA endpoint, and its older flat one, which OpenAI itself retired in May 2026. */
export const dialects: readonly Dialect[] = [
  {
    path: '/v1/realtime/client_secrets',
    parseRequest: parseClientSecretsRequest,
    toReply: (value, expiresAt) => ({ value, expires_at: expiresAt }),
  },
  {
    path: '/v1/realtime/sessions',
    parseRequest: parseSessionsRequest,
    toReply: (value, expiresAt) => ({ client_secret: { value, expires_at: expiresAt } }),
  },
]

interface Minting {
  Body: JsonObject | undefined
  Querystring: { preset?: unknown }
}

/** The guards that run before the body is read. */
function createHeadHooks({ allowedOrigins, callerGuard }: MintingOptions) {
  const checkOrigin = createOriginGuard({ allowedOrigins, optional: callerGuard !== undefined })

  function check(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
    const { headers } = request
    attemptOf(request).origin = toKnownOrigin(headers.origin, allowedOrigins)
    checkOrigin(headers)
    checkFetchMetadata(headers)
    checkBodyHeaders(headers)
    done()
  }

  if (callerGuard === undefined) return [check]
  return [
    check,
    async (request: FastifyRequest): Promise<void> => {
      attemptOf(request).caller = await callerGuard.identify(request.headers)
    },
  ]
}

export function mintingRoute(app: FastifyInstance, dialect: Dialect, options: MintingOptions): void {
  const { issuer } = options

  async function mint(request: FastifyRequest<Minting>): Promise<object> {
    const { body, query, headers, id } = request
    const { value, expiresAt } = await issuer.issue(attemptOf(request), {
      request: dialect.parseRequest(body ?? {}),
      queryPreset: query.preset,
      origin: headers.origin,
      requestId: id,
    })
    return dialect.toReply(value.reveal(), expiresAt)
  }

  app.post<Minting>(dialect.path, { onRequest: createHeadHooks(options) }, mint)
}
