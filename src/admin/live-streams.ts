/** `GET /api/live`: server-sent events. Nothing is read while there is no stream. */
import { PassThrough } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { AdminError } from './admin-error.ts'
import type { LiveRecords, StateReply } from './api-schemas.ts'

export interface LiveStreamsOptions {
  readonly readState: () => StateReply
  /** Differs when the audit has other records. Rejects while the audit cannot be read. */
  readonly readVersion: () => Promise<string>
}

interface Listener {
  readonly stream: PassThrough
  /** What was sent last. */
  state: string
  version: string
}

const MAX_STREAMS = 16
const LOOK_MS = 1_000
/** Shorter than the timeouts of proxies, and of our own sockets. */
const KEEP_ALIVE_LOOKS = 10
/** A reader who leaves this much unread gets everything again when it reconnects. */
const MAX_UNREAD_BYTES = 64 * 1024
const RETRY_MS = 2_000

const toEvent = (event: 'state' | 'records', data: StateReply | LiveRecords, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Cuts readers that are too slow. */
function write({ stream }: Listener, text: string): void {
  if (stream.writableLength + stream.readableLength > MAX_UNREAD_BYTES) stream.destroy()
  else stream.write(text)
}

export class LiveStreams {
  readonly #options: LiveStreamsOptions
  readonly #listeners = new Set<Listener>()
  #timer: NodeJS.Timeout | undefined
  #looks = 0
  #isReading = false

  constructor(options: LiveStreamsOptions) {
    this.#options = options
  }

  /** A stream that begins with the state. `version` is what the reader saw last. Throws an AdminError. */
  open(version: string): PassThrough {
    if (this.#listeners.size >= MAX_STREAMS)
      throw new AdminError('streams', { headers: { 'retry-after': '10' } })
    const listener: Listener = { stream: new PassThrough(), state: '', version }
    this.#listeners.add(listener)
    listener.stream.on('close', () => this.#remove(listener))
    listener.stream.write(`retry: ${RETRY_MS}\n\n`)
    this.#timer ??= setInterval(() => void this.look(), LOOK_MS)
    void this.look()
    return listener.stream
  }

  /** Sends to each stream what it does not have yet. */
  async look(): Promise<void> {
    this.#looks += 1
    this.#sendState()
    if (this.#looks % KEEP_ALIVE_LOOKS === 0) {
      for (const listener of this.#listeners) write(listener, ': keep-alive\n\n')
    }
    // The first answer may take long: it waits until the whole audit is read.
    if (this.#isReading) return
    this.#isReading = true
    try {
      this.#sendVersion(await this.#options.readVersion())
    } catch {
      // The log says why. The next look tries again.
    } finally {
      this.#isReading = false
    }
  }

  close(): void {
    clearInterval(this.#timer)
    for (const { stream } of this.#listeners) stream.end()
  }

  #sendState(): void {
    const { now, ...rest } = this.#options.readState()
    const state = JSON.stringify(rest)
    for (const listener of this.#listeners) {
      if (listener.state === state) continue
      listener.state = state
      write(listener, toEvent('state', { now, ...rest }))
    }
  }

  #sendVersion(version: string): void {
    for (const listener of this.#listeners) {
      if (listener.version === version) continue
      listener.version = version
      write(listener, toEvent('records', { version }, version))
    }
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

export function liveRoute(app: FastifyInstance, options: LiveStreamsOptions): void {
  const streams = new LiveStreams(options)
  app.addHook('preClose', async () => streams.close())

  app.get('/api/live', { exposeHeadRoute: false }, ({ headers }, reply) => {
    const known = headers['last-event-id']
    // A proxy must not collect events before it passes them on.
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no')
    return reply.send(streams.open(typeof known === 'string' ? known : ''))
  })
}
