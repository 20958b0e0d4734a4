// The cheapest HTTP client, so that the load generator leaves the CPU to the measured server.
import { connect, type Socket } from 'node:net'
import { pageMint } from './fixed-mint.ts'
import { inTurn } from './in-turn.ts'

export interface RawReply {
  /** 0 if the connection ended without a reply. */
  readonly status: number
  readonly body: string
}

export interface Message {
  readonly method?: string
  readonly path?: string
  /** In addition to those of a page, or in place of them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The address to send from. */
  readonly localAddress?: string | undefined
}

interface Connection {
  readonly socket: Socket
  received: string
  answer: ((reply: RawReply) => void) | undefined
}

/** Sends the same request again and again, one request at a time per connection. Opens connections as needed. */
export class KeptConnections {
  readonly #port: number
  readonly #localAddress: string | undefined
  readonly #bytes: Buffer
  readonly #idle: Connection[] = []
  readonly #all = new Set<Connection>()

  /** By default a mint. */
  constructor(origin: string, message: Message = {}) {
    const { method, path, headers, body } = { ...pageMint, ...message }
    const { host, port } = new URL(origin)
    const all = { host, ...pageMint.headers, ...headers, 'content-length': body.length }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    this.#port = Number(port)
    this.#localAddress = message.localAddress
    this.#bytes = Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`)
  }

  send(): Promise<RawReply> {
    const connection = this.#idle.pop() ?? this.#open()
    connection.socket.write(this.#bytes)
    return new Promise((resolve) => {
      connection.answer = resolve
    })
  }

  /** Sends `count` requests, as many at a time as there are `callers`. Throws at another status. */
  async sendAll(count: number, callers: number, expected = 200): Promise<void> {
    const remaining = Array.from({ length: count }).values()
    const ask = async (): Promise<void> => {
      const { status, body } = await this.send()
      if (status !== expected) throw new Error(`a request was answered with ${status}: ${body}`)
    }
    await Promise.all(Array.from({ length: callers }, () => inTurn(remaining, ask)))
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy()
  }

  #open(): Connection {
    const socket = connect({
      port: this.#port,
      host: '127.0.0.1',
      localAddress: this.#localAddress,
    })
      .setNoDelay(true)
      .setEncoding('latin1')
    const connection: Connection = { socket, received: '', answer: undefined }
    this.#all.add(connection)
    socket.on('data', (text: string) => this.#take(connection, text))
    socket.on('error', () => undefined)
    socket.once('close', () => this.#drop(connection))
    return connection
  }

  #take(connection: Connection, text: string): void {
    connection.received += text
    const reply = toReply(connection.received)
    if (reply === undefined) return
    connection.received = ''
    this.#idle.push(connection)
    connection.answer?.(reply)
  }

  #drop(connection: Connection): void {
    this.#all.delete(connection)
    const place = this.#idle.indexOf(connection)
    if (place === -1) connection.answer?.({ status: 0, body: '' })
    else this.#idle.splice(place, 1)
  }
}

/** Undefined while the reply is incomplete. Replies must have a Content-Length. */
function toReply(text: string): RawReply | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text)?.[1])
  const body = text.slice(end + 4)
  return body.length < length ? undefined : { status: Number(text.slice(9, 12)), body }
}
