// The cheapest HTTP client, so that the load generator leaves the CPU to the measured server.
import { connect, type Socket } from 'node:net'

export interface RawReply {
  /** 0 if the connection ended without a reply. */
  readonly status: number
  readonly body: string
}

interface Connection {
  readonly socket: Socket
  received: string
  answer: ((reply: RawReply) => void) | undefined
}

/** Sends the same bytes again and again, one request at a time per connection. Opens connections as needed. */
export class KeptConnections {
  readonly #port: number
  readonly #bytes: Buffer
  readonly #idle: Connection[] = []
  readonly #all = new Set<Connection>()

  constructor(port: number, bytes: Buffer) {
    this.#port = port
    this.#bytes = bytes
  }

  send(): Promise<RawReply> {
    const connection = this.#idle.pop() ?? this.#open()
    connection.socket.write(this.#bytes)
    return new Promise((resolve) => {
      connection.answer = resolve
    })
  }

  close(): void {
    for (const { socket } of this.#all) socket.destroy()
  }

  #open(): Connection {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
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
