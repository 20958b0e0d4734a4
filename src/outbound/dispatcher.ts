/** The connections to upstream, or to a key set: straight, or through the proxy that HTTPS_PROXY names. */
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici'
import { codeOf } from '../errors.ts'
import type { Secret } from '../secret.ts'

export interface DispatcherOptions {
  readonly origin: string
  readonly maxConnections: number
  /** Undefined: none. */
  readonly proxy: ProxyOptions | undefined
}

export interface ProxyOptions {
  /** May hold a password. */
  readonly url: Secret
  /** Hosts that are asked straight, as NO_PROXY lists them. */
  readonly except: string
}

const MAX_REPLY_BYTES = 256 * 1024
/** undici counts it in ticks of 499 ms, from the next tick on: over after three of them, so within 2 s. */
const CONNECT_TIMEOUT_MS = 1_490
/** Long enough to save handshakes when mints are rare, and shorter than what balancers commonly allow. */
const KEEP_ALIVE_MS = 30_000

/** The connection did not come about, so nothing was sent; `cause` says why. */
export class NotConnectedError extends Error {
  /** The cause's. */
  readonly code: string | undefined

  constructor(cause: unknown) {
    super('not connected', { cause })
    this.name = 'NotConnectedError'
    this.code = codeOf(cause)
  }
}

const tellNotConnected =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, callback) =>
    connect(options, (error, socket) =>
      socket === null || error !== null
        ? callback(new NotConnectedError(error), null)
        : callback(null, socket),
    )

function createPool(origin: string | URL, { connect, ...options }: Pool.Options = {}): Pool {
  const connector =
    typeof connect === 'function' ? connect : buildConnector({ allowH2: false, timeout: CONNECT_TIMEOUT_MS })
  return new Pool(origin, { ...options, connect: tellNotConnected(connector) })
}

/**
 * request() on it follows no redirect and decompresses nothing. The deadline is the caller's: undici's own timers are
 * coarse, and its body timer starts anew with each byte.
 */
export function createDispatcher({ origin, maxConnections, proxy }: DispatcherOptions): Dispatcher {
  const options = {
    allowH2: false,
    connections: maxConnections,
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_REPLY_BYTES,
  }
  if (proxy === undefined) return createPool(origin, options)
  return new EnvHttpProxyAgent({
    ...options,
    factory: createPool,
    // Of the connections to the proxy itself, which must answer a CONNECT as fast as an upstream takes a connection.
    clientFactory: (url, clientOptions) =>
      new Pool(url, { ...clientOptions, headersTimeout: CONNECT_TIMEOUT_MS }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Nobody is asked in clear but on loopback, which no proxy can reach.
    httpProxy: '',
    httpsProxy: proxy.url.reveal(),
    noProxy: proxy.except,
  })
}
