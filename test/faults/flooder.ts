// A client that floods: opens `connections` connections to `port` and does one kind of harm on each, for `seconds`.
import { connect, type Socket } from 'node:net'

// What costs most: the public listener has no such path, and the admin listener renders its metrics.
const GET = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'
const POST =
  'POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
const MANY = Buffer.from(GET.repeat(2_300))
const BODIES = Buffer.from(`${POST}Content-Length: 16384\r\n\r\n${' '.repeat(16_384)}`.repeat(8))
const TLS_HELLO = Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3, 0, 0, 0])
const EXTENSIONS = `${POST}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(64 * 1024)}`

/** Writes as fast as the connection allows, and never reads. */
function writeForever(socket: Socket, bytes: Buffer): void {
  socket.pause()
  const write = (): void => {
    while (socket.writable && socket.write(bytes));
  }
  socket.on('drain', write)
  write()
}

function repeat(socket: Socket, ms: number, write: () => void): void {
  const timer = setInterval(write, ms)
  socket.once('close', () => clearInterval(timer))
}

/** Of an error, or of the metrics, whose last one is the version. */
const isEnd = (chunk: Buffer | string): boolean =>
  chunk.includes('}}') || chunk.includes('realtime_mint_build_info{')

/** What one address can do with its connections. */
const harms = {
  'pipelined requests, never read': (socket: Socket) => writeForever(socket, MANY),
  'pipelined bodies, never read': (socket: Socket) => writeForever(socket, BODIES),
  'eight requests at a time, never read': (socket: Socket) => {
    socket.pause()
    repeat(socket, 50, () => socket.write(GET.repeat(8)))
  },
  'one request after the other': (socket: Socket) => {
    socket.on('data', (chunk) => {
      if (isEnd(chunk)) socket.write(GET)
    })
    socket.write(GET)
  },
  'new connections': (socket: Socket) => {
    socket.once('data', () => socket.destroy())
    socket.write(GET)
  },
  'bytes that are not HTTP': (socket: Socket) => void socket.resume().write(TLS_HELLO),
  'chunk extensions': (socket: Socket) => void socket.resume().write(EXTENSIONS),
  'headers a byte a second': (socket: Socket) => {
    socket.resume().write('GET /a HTTP/1.1\r\nX: ')
    repeat(socket, 1_000, () => socket.write('x'))
  },
  'bodies a byte a second': (socket: Socket) => {
    socket.resume().write(`${POST}Origin: http://localhost:3000\r\nContent-Length: 60\r\n\r\n`)
    repeat(socket, 1_000, () => socket.write(' '))
  },
  'idle connections': (socket: Socket) => void socket.resume(),
}

export type FloodKind = keyof typeof harms

const isFloodKind = (text: string): text is FloodKind => Object.hasOwn(harms, text)

export const floodKinds: readonly FloodKind[] = Object.keys(harms).filter(isFloodKind)

/** Each kind has an address of its own, because one that breaks a bound is refused for a while. */
const toAddress = (kind: FloodKind): string => `127.0.0.${10 + floodKinds.indexOf(kind)}`

function flood(kind: FloodKind): void {
  const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2, 5).map(Number)
  const localAddress = toAddress(kind)
  const endsAt = performance.now() + seconds * 1_000
  let opened = 0
  const open = (): void => {
    if (performance.now() > endsAt) return
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => {
      opened += 1
      harms[kind](socket)
    })
    socket.on('error', () => undefined)
    socket.once('close', open)
  }
  for (let index = 0; index < connections; index += 1) open()
  setTimeout(() => {
    console.log(opened)
    process.exit()
  }, seconds * 1_000)
}

const kind = process.argv[5] ?? ''
if (import.meta.main) {
  if (!isFloodKind(kind)) throw new Error(`there is no flood "${kind}"`)
  flood(kind)
}
