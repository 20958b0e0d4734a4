/** The policy of both minting routes: the guards, in the order in which they are asked. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CallerGuard } from '../auth/caller.ts'
import { ServiceError } from '../errors.ts'
import { checkBodyHeaders } from '../http/json-body.ts'
import { checkFetchMetadata, createOriginGuard, toKnownOrigin } from '../http/origin.ts'
import type { Issuer } from '../issuer.ts'
import type { JsonObject } from '../json.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { Limits } from '../limits/levels.ts'
import type { ClientSecret } from '../openai/reply.ts'
import type { Preset } from '../presets/preset.ts'
import type { MintRequest } from '../presets/request.ts'

export interface MintingOptions {
  readonly allowedOrigins: ReadonlySet<string>
  readonly issuer: Issuer
  readonly lifecycle: Lifecycle
  /** Undefined where callers are anonymous. */
  readonly callerGuard: CallerGuard | undefined
  readonly limits: Limits
}

/** What sets one minting route apart from the other: its path and the shape of its bodies. */
export interface Dialect {
  readonly path: string
  readonly parseRequest: (body: JsonObject) => MintRequest
  readonly toReply: (value: string, expiresAt: number) => object
}

type MintingRequest = FastifyRequest<{ Body: JsonObject | undefined; Querystring: { preset?: unknown } }>

/** All that is asked before the body is read, in hooks of the route. */
function createHeadHooks({ allowedOrigins, callerGuard }: MintingOptions) {
  const checkOrigin = createOriginGuard({ allowedOrigins, optional: callerGuard !== undefined })

  function check({ attempt, headers }: FastifyRequest, _reply: unknown, done: () => void): void {
    attempt.origin = toKnownOrigin(headers.origin, allowedOrigins)
    checkOrigin(headers)
    checkFetchMetadata(headers)
    checkBodyHeaders(headers)
    done()
  }

  if (callerGuard === undefined) return [check]
  return [
    check,
    async ({ attempt, headers }: FastifyRequest): Promise<void> => {
      attempt.identity = await callerGuard.identify(headers)
    },
  ]
}

export function mintingRoute(app: FastifyInstance, dialect: Dialect, options: MintingOptions): void {
  const { issuer, lifecycle, callerGuard, limits } = options

  async function mint({ attempt, body, query, headers, id }: MintingRequest): Promise<object> {
    // The rest of its body came while it was being told that it is too late.
    if (attempt.answered) throw new ServiceError('request_too_slow')
    attempt.accepted = true
    lifecycle.mints.enter()
    const { identity } = attempt
    const wanted = dialect.parseRequest(body ?? {})
    const caller = { origin: headers.origin, claims: identity?.claims }
    const preset = issuer.resolve(wanted, query.preset, caller)
    attempt.preset = preset
    const order = issuer.order(preset, wanted)
    attempt.order = order
    await limit(attempt, preset)
    const outcome = await issuer.issue(order, id, identity)
    attempt.upstream = outcome.report
    if ('failure' in outcome) throw outcome.failure
    return reply(attempt, outcome.issued)
  }

  async function limit(attempt: FastifyRequest['attempt'], preset: Preset): Promise<void> {
    const { quotas, refusal } = await limits.countMint({
      preset,
      subject: attempt.caller,
      address: attempt.address,
    })
    attempt.quotas = [...attempt.quotas, ...quotas]
    if (refusal !== undefined) throw refusal
  }

  function reply(attempt: FastifyRequest['attempt'], { value, expiresAt }: ClientSecret): object {
    attempt.secret = value
    attempt.secretExpiresAt = expiresAt
    return dialect.toReply(value.reveal(), expiresAt)
  }

  /** Also where upstream gave a secret and its record could not be written: only what leaves uses a token up. */
  async function release({ attempt }: FastifyRequest): Promise<void> {
    if (attempt.upstream !== null && attempt.failure !== null) await issuer.release(attempt.identity)
  }

  app.post<{ Body: JsonObject | undefined; Querystring: { preset?: unknown } }>(
    dialect.path,
    { onRequest: createHeadHooks(options), onSend: callerGuard === undefined ? [] : release },
    mint,
  )
}
