/** A network between two programs. It can be slow, or lose a connection silently. */
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { listen } from './upstream.ts'

export interface Relay {
  readonly port: number
  /** The delay of replies, in ms. */
  delayMs: number
  /** Whether new connections are lost at once. */
  isLosing: boolean
  /** Keeps open connections open, but delivers nothing any more. */
  readonly lose: () => void
  /** Sends these bytes on all connections, as if the far side had sent them. */
  readonly inject: (bytes: string) => void
  /** Changes what the far side sends. */
  change: (bytes: Buffer) => Buffer
}

/** Relays between its own port and `target` on loopback until the test ends. */
export async function startRelay(target: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const nearSockets = new Set<Socket>()
  const lost = new WeakSet<Socket>()

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    if (relay.isLosing) lost.add(near)
    nearSockets.add(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    }
    near.on('data', (chunk) => lost.has(near) || far.write(chunk))
    far.on('data', (chunk: Buffer) =>
      setTimeout(() => lost.has(near) || near.write(relay.change(chunk)), relay.delayMs),
    )
    near.on('close', () => nearSockets.delete(near) && far.destroy())
    far.on('close', () => lost.has(near) || near.destroy())
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const relay: Relay = {
    port: await listen(server),
    delayMs: 0,
    isLosing: false,
    change: (bytes) => bytes,
    inject: (bytes) => {
      for (const socket of nearSockets) socket.write(bytes)
    },
    lose: () => {
      for (const socket of sockets) lost.add(socket)
    },
  }
  return relay
}
