/** The policy of both minting routes: the guards, in the order in which they are asked. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkFetchMetadata, createOriginGuard, toKnownOrigin } from '../guards/origin.ts'
import { checkBodyHeaders } from '../http/json-body.ts'
import type { Issuer } from '../issuer.ts'
import type { JsonObject } from '../json-object.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { ClientSecret } from '../openai/reply.ts'
import type { MintRequest } from '../presets/request.ts'

export interface MintingOptions {
  readonly allowedOrigins: ReadonlySet<string>
  readonly issuer: Issuer
  readonly lifecycle: Lifecycle
}

/** What sets one minting route apart from the other: its path and the shape of its bodies. */
export interface Dialect {
  readonly path: string
  readonly parseRequest: (body: JsonObject) => MintRequest
  readonly toReply: (value: string, expiresAt: number) => object
}

type MintingRequest = FastifyRequest<{ Body: JsonObject | undefined; Querystring: { preset?: unknown } }>

export function mintingRoute(app: FastifyInstance, dialect: Dialect, options: MintingOptions): void {
  const { allowedOrigins, issuer, lifecycle } = options
  const checkOrigin = createOriginGuard({ allowedOrigins })

  function beforeTheBody({ attempt, headers }: FastifyRequest): void {
    attempt.origin = toKnownOrigin(headers.origin, allowedOrigins)
    checkOrigin(headers)
    checkFetchMetadata(headers)
    checkBodyHeaders(headers)
  }

  async function mint({ attempt, body, query, headers, id }: MintingRequest): Promise<object> {
    attempt.accepted = true
    lifecycle.mints.enter()
    const wanted = dialect.parseRequest(body ?? {})
    const preset = issuer.resolve(wanted, query.preset, headers.origin)
    attempt.preset = preset
    const order = issuer.order(preset, wanted)
    attempt.order = order
    const outcome = await issuer.issue(order, { requestId: id, safetyIdentifier: null })
    attempt.upstream = outcome.report
    if ('failure' in outcome) throw outcome.failure
    return reply(attempt, outcome.issued)
  }

  function reply(attempt: FastifyRequest['attempt'], { value, expiresAt }: ClientSecret): object {
    attempt.secret = value
    attempt.secretExpiresAt = expiresAt
    return dialect.toReply(value.reveal(), expiresAt)
  }

  app.post<{ Body: JsonObject | undefined; Querystring: { preset?: unknown } }>(
    dialect.path,
    {
      onRequest: (request, _reply, done) => {
        beforeTheBody(request)
        done()
      },
    },
    mint,
  )
}
