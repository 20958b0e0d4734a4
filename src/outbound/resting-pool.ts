/**
 * Keep-alive connections that rest between requests. A stray reply (sent twice, or without a request) then arrives
 * while its connection is idle, where undici closes the connection. On a connection in use it would answer the next
 * request. stray-replies.md has the figures.
 */
import { EventEmitter } from 'node:events'
import { codeOf, ServiceError } from '../errors.ts'
import { Client, Dispatcher } from './undici.ts'

export interface RestingPoolOptions {
  /** In use and at rest together. */
  readonly maxConnections: number
  /** With fewer connections, a new one is opened rather than one used without rest. */
  readonly enoughConnections: number
  readonly monotonicNow: () => number
  /** Called when a reply arrives that no request asked for; at most once a minute. */
  readonly onStray: (() => void) | undefined
}

interface Connection {
  readonly client: Client
  isOpen: boolean
  /** Undefined while a request is under way. */
  restingSinceMs: number | undefined
}

/** Longer than a stray reply is late. */
const REST_MS = 1_250
/** After a stray reply, no connection is reused without rest for this long. */
const STRICT_MS = 60_000

/** An event of the request's signal: its reply cannot be trusted, so its connection is closed. */
export const RETIRE = 'retire'

/** `bad response` is undici's own text for a reply without a request. It has no code of its own. */
const isStray = (error: Error, isResting: boolean): boolean =>
  error.message === 'bad response' || (isResting && codeOf(error)?.startsWith('HPE_') === true)

export class RestingPool extends Dispatcher {
  readonly #origin: string | URL
  readonly #client: Client.Options
  readonly #options: RestingPoolOptions
  readonly #connections = new Set<Connection>()
  /** The one that rests longest comes first. Closed ones are skipped. */
  readonly #resting: Connection[] = []
  #isClosed = false
  #strictUntilMs = Number.NEGATIVE_INFINITY

  constructor(origin: string | URL, client: Client.Options, options: RestingPoolOptions) {
    super()
    this.#origin = origin
    this.#client = client
    this.#options = options
  }

  /** Throws a ServiceError if all connections are in use, or the pool is closed. */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const connection = this.#take()
    connection.restingSinceMs = undefined
    if ('signal' in options && options.signal instanceof EventEmitter)
      options.signal.on(RETIRE, () => this.#drop(connection))
    connection.client.dispatch(options, handler)
    return true
  }

  override async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#connections].map(({ client }) => client.close()))
  }

  override async destroy(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#connections].map(({ client }) => client.destroy()))
  }

  #take(): Connection {
    if (this.#isClosed) throw new ServiceError('draining')
    const { maxConnections, enoughConnections, monotonicNow } = this.#options
    const nowMs = monotonicNow()
    let longest = this.#resting[0]
    while (longest !== undefined && !this.#connections.has(longest)) {
      this.#resting.shift()
      longest = this.#resting[0]
    }
    const isRested = longest !== undefined && nowMs - (longest.restingSinceMs ?? nowMs) >= REST_MS
    const limit = longest === undefined ? maxConnections : enoughConnections
    if (!isRested && this.#connections.size < limit) return this.#open()
    if (longest === undefined) throw new ServiceError('mints_in_flight')
    this.#resting.shift()
    if (isRested || nowMs >= this.#strictUntilMs) return longest
    this.#drop(longest)
    return this.#open()
  }

  #open(): Connection {
    const client = new Client(this.#origin, this.#client)
    const connection: Connection = { client, isOpen: false, restingSinceMs: undefined }
    this.#connections.add(connection)
    client.on('connect', () => (connection.isOpen = true))
    client.on('disconnect', (_origin, _targets, error) => {
      connection.isOpen = false
      const isResting = connection.restingSinceMs !== undefined
      if (isStray(error, isResting)) this.#beStrict()
      if (isResting) this.#drop(connection)
    })
    client.on('drain', () => {
      if (!connection.isOpen) return this.#drop(connection)
      connection.restingSinceMs = this.#options.monotonicNow()
      this.#resting.push(connection)
    })
    return connection
  }

  #beStrict(): void {
    const nowMs = this.#options.monotonicNow()
    if (nowMs >= this.#strictUntilMs) this.#options.onStray?.()
    this.#strictUntilMs = nowMs + STRICT_MS
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection)
    void connection.client.destroy()
  }
}
