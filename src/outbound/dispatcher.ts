/** Connections to upstream and to key sets: direct, or through the proxy in HTTPS_PROXY. */
import { codeOf } from '../errors.ts'
import type { Secret } from '../secret.ts'
import { RestingPool } from './resting-pool.ts'
import { skipContinue } from './skip-continue.ts'
import { buildConnector, type Client, type Dispatcher, EnvHttpProxyAgent, Pool } from './undici.ts'

export interface DispatcherOptions {
  readonly origin: string
  /** In use at once. */
  readonly maxConnections: number
  /** Opened before any is reused without rest; a few by default. */
  readonly enoughConnections?: number | undefined
  /** Undefined: none. */
  readonly proxy: ProxyOptions | undefined
  /** Called when a reply arrives that no request asked for; at most once a minute. */
  readonly onStray?: (() => void) | undefined
}

export interface ProxyOptions {
  /** May contain a password. */
  readonly url: Secret
  /** Hosts that are reached directly, as NO_PROXY lists them. */
  readonly except: string
}

const MAX_REPLY_BYTES = 256 * 1024
/** undici counts in ticks of 499 ms, starting with the next: the timeout comes after three of them, within 2 s. */
const CONNECT_TIMEOUT_MS = 1_490
/** Long enough to save handshakes when mints are rare, shorter than balancers allow. */
const KEEP_ALIVE_MS = 30_000

const monotonicNow = (): number => performance.now()

/** The connection failed, so nothing was sent. `cause` says why. */
export class NotConnectedError extends Error {
  /** The code of the cause. */
  readonly code: string | undefined

  constructor(cause: unknown) {
    super('not connected', { cause })
    this.name = 'NotConnectedError'
    this.code = codeOf(cause)
  }
}

const wrapConnect =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, callback) =>
    connect(options, (error, socket) => {
      if (socket === null || error !== null) return callback(new NotConnectedError(error), null)
      skipContinue(socket)
      return callback(null, socket)
    })

/**
 * request() on it follows no redirect and decompresses nothing. The caller sets the deadline: undici's own timers are
 * coarse, and its body timer restarts with each byte.
 */
export function createDispatcher({
  origin,
  maxConnections,
  enoughConnections = 16,
  proxy,
  onStray,
}: DispatcherOptions): Dispatcher {
  const options = {
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  }
  const pool = {
    maxConnections: Math.max(maxConnections, enoughConnections),
    enoughConnections,
    monotonicNow,
    onStray,
  }
  // A proxy agent passes its own way to connect.
  function createPool(to: string | URL, { connect, ...given }: Client.Options): RestingPool {
    const connector =
      typeof connect === 'function'
        ? connect
        : buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS })
    return new RestingPool(to, { ...given, connect: wrapConnect(connector) }, pool)
  }

  if (proxy === undefined) return createPool(origin, options)
  return new EnvHttpProxyAgent({
    ...options,
    factory: createPool,
    // A proxy must answer a CONNECT as fast as an upstream accepts a connection.
    clientFactory: (url, clientOptions) =>
      new Pool(url, { ...clientOptions, headersTimeout: CONNECT_TIMEOUT_MS }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Plain HTTP is for loopback only, which no proxy can reach.
    httpProxy: '',
    httpsProxy: proxy.url.reveal(),
    noProxy: proxy.except,
  })
}
