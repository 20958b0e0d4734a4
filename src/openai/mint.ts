/** The one call upstream: what goes out, how long it may take, what may come back. */
import type { EventEmitter } from 'node:events'
import { type Dispatcher, Pool } from 'undici'
import { ServiceError } from '../errors.ts'
import type { Order } from '../presets/order.ts'
import type { Secret } from '../secret.ts'
import { withDeadline } from './deadline.ts'
import { toReplyFailure, toTransportFailure } from './failures.ts'
import { type ClientSecret, parseClientSecret, parseErrorCode } from './reply.ts'

export interface UpstreamOptions {
  /** A query in it is kept. */
  readonly baseUrl: URL
  readonly apiKey: Secret
  /** `Authorization: Bearer`, or Azure's `api-key`. */
  readonly auth: 'bearer' | 'api-key'
  /** What client secrets begin with; '' for anything. */
  readonly secretPrefix: string
  /** From the first byte out to the last byte in. */
  readonly timeoutMs: number
  readonly maxConnections: number
}

/** What a record says of the call. */
export interface UpstreamReport {
  readonly status: number | null
  /** Theirs, to find the call in their logs; only where it is a plain one. */
  readonly requestId: string | null
  readonly attempts: number
  readonly ms: number
}

export type MintOutcome =
  | { readonly report: UpstreamReport; readonly issued: ClientSecret }
  | { readonly report: UpstreamReport; readonly failure: ServiceError }

export interface Upstream {
  /** Never rejects, and answers by the deadline. Is not cancelled by a caller who hangs up. */
  readonly mint: (order: Order, requestId: string) => Promise<MintOutcome>
  /** Ends what is still under way: its mints fail as `shutting_down`. */
  readonly close: () => Promise<void>
}

const MAX_REPLY_BYTES = 256 * 1024
const CONNECT_TIMEOUT_MS = 2_000
/** Long enough to save handshakes when mints are rare, and shorter than what balancers commonly allow. */
const KEEP_ALIVE_MS = 30_000
/** For the body of a refusal, which only refines what its status says already. */
const REFUSAL_BODY_MS = 500

/** Of OpenAI and Azure. Nothing that looks like a key or a secret. */
const requestIdPattern = /^(?:req_)?[0-9a-f][0-9a-f-]{15,63}$/

/** Behind the base URL's `/realtime`. */
export const upstreamPaths = {
  client_secrets: '/client_secrets',
  translations: '/translations/client_secrets',
  sessions: '/sessions',
} as const satisfies Record<Order['endpoint'], string>

type Reply = Dispatcher.ResponseData

/** Azure's preview has its sessions in a folder of another name, which a base URL may end in. */
function toFolder({ pathname }: URL): string {
  const base = pathname.replace(/\/$/, '')
  return /\/realtime(?:api)?$/.test(base) ? base : `${base}/realtime`
}

const toHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Upstream's clock, so that ours may be wrong. */
function toNowMs(headers: Reply['headers']): number {
  const theirs = Date.parse(toHeader(headers['date']) ?? '')
  return Number.isNaN(theirs) ? Date.now() : theirs
}

function toReport(reply: Reply | undefined, apiKey: Secret, startedAtMs: number): UpstreamReport {
  const id = toHeader(reply?.headers['x-request-id'])
  const isPlain = id !== undefined && requestIdPattern.test(id) && !apiKey.reveal().includes(id)
  return {
    status: reply?.statusCode ?? null,
    requestId: isPlain ? id : null,
    attempts: 1,
    ms: Math.round(performance.now() - startedAtMs),
  }
}

const toAuthorization = ({ auth, apiKey }: UpstreamOptions): Record<string, string> =>
  auth === 'bearer' ? { authorization: `Bearer ${apiKey.reveal()}` } : { 'api-key': apiKey.reveal() }

/**
 * request() on this pool follows no redirect and decompresses nothing. The deadline is ours: undici's own timers are
 * coarse, and its body timer starts anew with each byte.
 */
const createPool = ({ baseUrl, maxConnections }: UpstreamOptions): Pool =>
  new Pool(baseUrl.origin, {
    allowH2: false,
    connections: maxConnections,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  })

/** `send` puts an order on the wire and resolves with the head of the reply. */
function createSender(options: UpstreamOptions, pool: Pool) {
  const folder = toFolder(options.baseUrl)
  const { search } = options.baseUrl
  const fixedHeaders = {
    ...toAuthorization(options),
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
  }
  return ({ endpoint, body }: Order, requestId: string, signal: EventEmitter): Promise<Reply> =>
    pool.request({
      method: 'POST',
      path: `${folder}${upstreamPaths[endpoint]}${search}`,
      headers: { ...fixedHeaders, 'x-client-request-id': requestId },
      body,
      signal,
    })
}

/** Ends a body that nobody will read on, with its connection: it may have no end. */
function discard({ body }: Reply): void {
  body.on('error', () => undefined)
  body.destroy()
}

/** Only the codes of 4xx bodies tell anything that the status does not, and nothing may wait for them for long. */
async function readErrorCode(reply: Reply): Promise<string | null> {
  const { statusCode, headers, body } = reply
  if (statusCode < 400 || statusCode >= 500 || headers['content-encoding'] !== undefined) return null
  const read = async (): Promise<string | null> => parseErrorCode(await body.text().catch(() => ''))
  return withDeadline(REFUSAL_BODY_MS, read, () => null)
}

async function toRefusal(reply: Reply, flat: boolean): Promise<ServiceError> {
  const code = await readErrorCode(reply)
  discard(reply)
  const { statusCode: status, headers } = reply
  return toReplyFailure(
    { status, code, flat, retryAfter: toHeader(headers['retry-after']) },
    toNowMs(headers),
  )
}

/** Builds the client of the one upstream; opens nothing yet. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { apiKey, timeoutMs, secretPrefix: prefix } = options
  const pool = createPool(options)
  const send = createSender(options, pool)

  async function read(
    { endpoint, expiresAfterSeconds: askedSeconds }: Order,
    reply: Reply,
  ): Promise<ClientSecret> {
    const { statusCode, headers, body } = reply
    const flat = endpoint === 'sessions'
    if (statusCode !== 200) throw await toRefusal(reply, flat)
    if (headers['content-encoding'] !== undefined) {
      discard(reply)
      throw new ServiceError('upstream_encoded')
    }
    return parseClientSecret(await body.text(), {
      apiKey,
      prefix,
      flat,
      askedSeconds,
      nowMs: toNowMs(headers),
    })
  }

  function mint(order: Order, requestId: string): Promise<MintOutcome> {
    const startedAtMs = performance.now()
    let reply: Reply | undefined
    const toOutcome = <Result extends object>(result: Result) => ({
      report: toReport(reply, apiKey, startedAtMs),
      ...result,
    })

    async function call(signal: EventEmitter): Promise<MintOutcome> {
      try {
        reply = await send(order, requestId, signal)
        return toOutcome({ issued: await read(order, reply) })
      } catch (error) {
        return toOutcome({
          failure: error instanceof ServiceError ? error : toTransportFailure(error, reply !== undefined),
        })
      }
    }

    return withDeadline(timeoutMs, call, () => toOutcome({ failure: new ServiceError('upstream_deadline') }))
  }

  return { mint, close: () => pool.destroy() }
}
