/** One request, and its reply. undici's own request() makes a stream of each body: 15 % of the CPU of a bare server. */
import type { EventEmitter } from 'node:events'
import type { Dispatcher } from 'undici'

type Headers = Dispatcher.ResponseData['headers']

export interface Reply {
  readonly statusCode: number
  readonly headers: Headers
  /** Resolves with the whole body, which is UTF-8. Rejects with an error of the connection. */
  readonly text: () => Promise<string>
  /** Ends a body that is not read, with its connection: it may have no end. */
  readonly discard: () => void
}

export interface RequestOptions extends Dispatcher.DispatchOptions {
  /** Its event `abort` ends the request, with its connection. */
  readonly signal: EventEmitter
}

const decoder = new TextDecoder()

const noop = (): void => undefined

class Exchange implements Dispatcher.DispatchHandler, Reply {
  statusCode = 0
  headers: Headers = {}
  readonly #head = Promise.withResolvers<Reply>()
  readonly #body = Promise.withResolvers<string>()
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #isDiscarded = false

  constructor() {
    // Not every body is read.
    this.#body.promise.catch(noop)
  }

  head(): Promise<Reply> {
    return this.#head.promise
  }

  text(): Promise<string> {
    return this.#body.promise
  }

  discard(): void {
    this.#isDiscarded = true
    this.#controller?.abort(new Error('the reply is not needed'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isDiscarded) this.discard()
  }

  onResponseStart(_controller: unknown, statusCode: number, headers: Headers): void {
    // An interim reply, such as 103 Early Hints.
    if (statusCode < 200) return
    this.statusCode = statusCode
    this.headers = headers
    this.#head.resolve(this)
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#body.resolve(decoder.decode(Buffer.concat(this.#chunks)))
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#head.reject(error)
    this.#body.reject(error)
  }
}

/** Resolves with the head of the reply. Rejects with an error of the connection; throws what `dispatch` throws. */
export function request(dispatcher: Dispatcher, options: RequestOptions): Promise<Reply> {
  const exchange = new Exchange()
  options.signal.on('abort', () => exchange.discard())
  dispatcher.dispatch(options, exchange)
  return exchange.head()
}
