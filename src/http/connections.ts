/** Bounds what one address and one connection can occupy, so that no client can stall or end the process. */
import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createAddressMatcher } from '../address-ranges.ts'
import { toNetwork } from '../limits/network.ts'
import { toClientAddress } from './client-address.ts'
import { createFairTurns, type FairTurns, type Turn } from './fair-turns.ts'

export interface ConnectionOptions {
  /** Connections that one address may have open at a time. */
  readonly maxPerAddress: number
  /** Connections of all addresses together. */
  readonly max: number
  /** Addresses and CIDRs of proxies: their connections carry the requests of many callers. */
  readonly trustedProxies: readonly string[]
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Requests that may wait behind another one on a connection; no client of ours sends a second one before a reply. */
const MAX_PIPELINED = 8

/** Several replies. Node itself waits for 64 KiB, which is 32 MiB for 500 connections. */
const MAX_UNREAD_BYTES = 16 * 1024

/** How long an address that goes beyond a bound gets no reply and no new connection. */
const REFUSED_MS = 10_000

/** What one address has open. */
interface Peer {
  readonly turn: Turn
  connections: number
  refusedUntilMs: number
}

/** What Node’s parser takes as the end of HTTP on a connection. */
const STOP = 2

/** Node’s parser hands over each request of the 64 KiB that it has read, even when the socket is already destroyed. */
function stopParser(socket: Socket): void {
  if (!('parser' in socket) || typeof socket.parser !== 'object' || socket.parser === null) return
  if ('onIncoming' in socket.parser) socket.parser.onIncoming = () => STOP
}

/** A response has no socket while an earlier one on the same connection is unfinished. */
const isPipelined = (response: ServerResponse): boolean => response.socket === null

export class Connections {
  readonly #options: ConnectionOptions
  readonly #isExempt: (address: string) => boolean
  readonly #peers = new Map<string, Peer>()
  /** Open connections by IPv6 /48, which has 65,536 addresses of a /64, or by IPv4 address. */
  readonly #networks = new Map<string, number>()
  readonly #peersBySocket = new WeakMap<Socket, Peer>()
  readonly #pipelined = new WeakMap<Socket, number>()
  readonly #turns: FairTurns = createFairTurns()

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#isExempt = createAddressMatcher(options.trustedProxies)
  }

  /** Closes connections beyond a bound before their first byte is read. */
  bound(server: Server): void {
    server.maxConnections = this.#options.max
    server.prependListener('connection', (socket: Socket) => {
      const { remoteAddress } = socket
      if (remoteAddress !== undefined && this.#isExempt(remoteAddress)) return
      this.#admit(socket, toClientAddress(remoteAddress))
    })
  }

  /** Closes connections whose requests go beyond a bound, and gives each address its turn. */
  pace(listener: RequestListener): RequestListener {
    return (request, response) => {
      const { socket } = request
      const peer = this.#peersBySocket.get(socket)
      if (socket.writableLength > MAX_UNREAD_BYTES || this.#isBeyond(socket, response, peer)) {
        this.#cut(socket, peer)
      } else if (peer === undefined) listener(request, response)
      else this.#turns.take(peer.turn, () => socket.destroyed || listener(request, response))
    }
  }

  #isRefused({ refusedUntilMs }: Peer): boolean {
    return refusedUntilMs > this.#options.now()
  }

  #admit(socket: Socket, address: string): void {
    const peer = this.#peers.get(address) ?? { turn: this.#turns.create(), connections: 0, refusedUntilMs: 0 }
    const { max, maxPerAddress } = this.#options
    const network = toNetwork(address) ?? address
    const ofNetwork = this.#networks.get(network) ?? 0
    if (this.#isRefused(peer) || peer.connections >= maxPerAddress || ofNetwork >= max / 2) {
      socket.destroy()
      return
    }
    this.#networks.set(network, ofNetwork + 1)
    peer.connections += 1
    this.#peers.set(address, peer)
    this.#peersBySocket.set(socket, peer)
    socket.once('close', () => {
      peer.connections -= 1
      this.#leave(network)
      if (peer.connections === 0 && !this.#isRefused(peer)) this.#peers.delete(address)
    })
  }

  #leave(network: string): void {
    const left = (this.#networks.get(network) ?? 1) - 1
    if (left === 0) this.#networks.delete(network)
    else this.#networks.set(network, left)
  }

  #isBeyond(socket: Socket, response: ServerResponse, peer: Peer | undefined): boolean {
    if (peer !== undefined) {
      if (this.#isRefused(peer) || peer.turn.waiting.length >= this.#options.maxPerAddress) return true
    }
    if (!isPipelined(response)) return false
    const count = (this.#pipelined.get(socket) ?? 0) + 1
    this.#pipelined.set(socket, count)
    response.once('close', () => this.#pipelined.set(socket, (this.#pipelined.get(socket) ?? 1) - 1))
    return count > MAX_PIPELINED
  }

  #cut(socket: Socket, peer: Peer | undefined): void {
    stopParser(socket)
    // A reset, because the kernel keeps what a client does not read long after a plain close.
    socket.resetAndDestroy()
    if (peer === undefined || this.#isRefused(peer)) return
    this.#forgetExpired()
    peer.refusedUntilMs = this.#options.now() + REFUSED_MS
  }

  /** Addresses that were refused and have not come back. */
  #forgetExpired(): void {
    for (const [address, peer] of this.#peers) {
      if (peer.connections === 0 && !this.#isRefused(peer)) this.#peers.delete(address)
    }
  }
}
