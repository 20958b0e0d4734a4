/** The one call upstream: what goes out, how long it may take, what may come back. */
import { EventEmitter } from 'node:events'
import { type Dispatcher, Pool } from 'undici'
import { ServiceError } from '../errors.ts'
import type { Order } from '../presets/order.ts'
import type { Secret } from '../secret.ts'
import { toReplyFailure, toTransportFailure } from './failures.ts'
import { type ClientSecret, parseClientSecret, parseErrorCode } from './reply.ts'

export interface UpstreamOptions {
  /** Without a trailing slash; a query in it is kept. */
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
  /** Never rejects. Is not cancelled by a caller who hangs up. */
  readonly mint: (order: Order, requestId: string) => Promise<MintOutcome>
  /** Ends what is still under way: its mints fail as `shutting_down`. */
  readonly close: () => Promise<void>
}

const MAX_REPLY_BYTES = 256 * 1024
const CONNECT_TIMEOUT_MS = 2_000
/** Long enough to save handshakes when mints are rare, and shorter than what balancers commonly allow. */
const KEEP_ALIVE_MS = 30_000

const requestIdPattern = /^[\w-]{1,64}$/

/** Behind the base URL. */
export const upstreamPaths = {
  client_secrets: '/realtime/client_secrets',
  translations: '/realtime/translations/client_secrets',
  sessions: '/realtime/sessions',
} as const satisfies Record<Order['endpoint'], string>

type Reply = Dispatcher.ResponseData

const toHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

function toRequestId(headers: Reply['headers']): string | null {
  const id = toHeader(headers['x-request-id'])
  return id !== undefined && requestIdPattern.test(id) ? id : null
}

/** Upstream's clock, so that ours may be wrong. */
function toNowMs(headers: Reply['headers']): number {
  const theirs = Date.parse(toHeader(headers['date']) ?? '')
  return Number.isNaN(theirs) ? Date.now() : theirs
}

const toAuthorization = ({ auth, apiKey }: UpstreamOptions): Record<string, string> =>
  auth === 'bearer' ? { authorization: `Bearer ${apiKey.reveal()}` } : { 'api-key': apiKey.reveal() }

/** One absolute deadline. undici takes an emitter as a signal, at a fraction of what an AbortSignal costs. */
class Deadline extends EventEmitter {
  passed = false
  readonly #timer: NodeJS.Timeout

  constructor(ms: number) {
    super()
    this.#timer = setTimeout(() => {
      this.passed = true
      this.emit('abort')
    }, ms)
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
}

/** Builds the client of the one upstream; opens nothing yet. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { baseUrl, apiKey, timeoutMs, secretPrefix: prefix } = options
  // request() on this pool follows no redirect and decompresses nothing. The deadline is ours: undici's own timers
  // are coarse, and its body timer starts anew with each byte.
  const pool = new Pool(baseUrl.origin, {
    allowH2: false,
    connections: options.maxConnections,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  })
  const fixedHeaders = {
    ...toAuthorization(options),
    'content-type': 'application/json',
    accept: 'application/json',
    'accept-encoding': 'identity',
  }
  const toPath = (endpoint: Order['endpoint']): string =>
    `${baseUrl.pathname}${upstreamPaths[endpoint]}${baseUrl.search}`

  function send(order: Order, requestId: string, signal: Deadline): Promise<Reply> {
    return pool.request({
      method: 'POST',
      path: toPath(order.endpoint),
      headers: { ...fixedHeaders, 'x-client-request-id': requestId },
      body: order.body,
      signal,
    })
  }

  async function read(order: Order, { statusCode: status, headers, body }: Reply): Promise<ClientSecret> {
    const nowMs = toNowMs(headers)
    const flat = order.endpoint === 'sessions'
    if (headers['content-encoding'] !== undefined) throw discard(body, new ServiceError('upstream_encoded'))
    if (status === 200) {
      const askedSeconds = order.expiresAfterSeconds
      return parseClientSecret(await body.text(), { apiKey, prefix, flat, askedSeconds, nowMs })
    }
    // Only the codes of 4xx bodies tell anything that the status does not.
    const code = status >= 400 && status < 500 ? parseErrorCode(await body.text()) : null
    const retryAfter = toHeader(headers['retry-after'])
    throw discard(body, toReplyFailure({ status, code, retryAfter, flat }, nowMs))
  }

  async function mint(order: Order, requestId: string): Promise<MintOutcome> {
    const startedAt = performance.now()
    const deadline = new Deadline(timeoutMs)
    let reply: Reply | undefined
    const toReport = (): UpstreamReport => ({
      status: reply?.statusCode ?? null,
      requestId: reply === undefined ? null : toRequestId(reply.headers),
      attempts: 1,
      ms: Math.round(performance.now() - startedAt),
    })
    try {
      reply = await send(order, requestId, deadline)
      const issued = await read(order, reply)
      return { report: toReport(), issued }
    } catch (error) {
      return { report: toReport(), failure: toFailure(error, deadline.passed) }
    } finally {
      deadline.clear()
    }
  }

  return { mint, close: () => pool.destroy() }
}

function toFailure(error: unknown, late: boolean): ServiceError {
  if (error instanceof ServiceError) return error
  return late ? new ServiceError('upstream_deadline') : toTransportFailure(error)
}

/** Ends a body that nobody will read, with its connection: it may have no end. */
function discard(body: Reply['body'], failure: ServiceError): ServiceError {
  body.on('error', () => undefined)
  body.destroy()
  return failure
}
