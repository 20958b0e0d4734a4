/** Bounds the requests of one address per second, in front of the framework, so that a flood costs the service nothing. */
import { randomUUID } from 'node:crypto'
import type { RequestListener, ServerResponse } from 'node:http'
import { toClientAddress } from '../http/client-address.ts'
import { AdminError } from './admin-error.ts'

/** A page makes 30 requests when it is opened. Operators behind one proxy share its address, and may reload at once. */
const MAX_PER_SECOND = 200
const SECOND_MS = 1_000

function refuse(response: ServerResponse): void {
  const error = new AdminError('requests', { headers: { 'retry-after': '1' } })
  const requestId = randomUUID()
  response.writeHead(error.status, {
    ...error.headers,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': requestId,
    connection: 'close',
  })
  response.end(error.toEnvelope(requestId))
}

/** Requests beyond the bound are refused a second later: with few connections, that slows the flood itself down. */
export function limitRate(listener: RequestListener, now: () => number): RequestListener {
  const counts = new Map<string, number>()
  let endsAtMs = 0

  function count(address: string): number {
    if (now() >= endsAtMs) {
      counts.clear()
      endsAtMs = now() + SECOND_MS
    }
    const counted = (counts.get(address) ?? 0) + 1
    counts.set(address, counted)
    return counted
  }

  return (request, response) => {
    if (count(toClientAddress(request.socket.remoteAddress)) <= MAX_PER_SECOND) {
      listener(request, response)
      return
    }
    const timer = setTimeout(refuse, SECOND_MS, response).unref()
    // Otherwise requests whose connection is gone would stay in memory, hundreds of them.
    response.once('close', () => clearTimeout(timer))
  }
}
