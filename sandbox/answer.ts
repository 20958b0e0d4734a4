// Writes one reply. Each reply of the sandbox has the same label.
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Verdict } from './mint.ts'
import type { Refusal } from './refusal.ts'

export const LABEL = 'for development only, these secrets open nothing'
const LABEL_HEADER = 'X-Realtime-Mint-Sandbox'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent at once with its length. An iterable is sent piece by piece until the socket closes. */
  readonly body: string | Buffer | Iterable<string>
}

export interface TextAnswer extends Answer {
  readonly body: string
}

/** OpenAI's answer to a judged request. */
export function toAnswer(verdict: Verdict): TextAnswer {
  return verdict.granted
    ? { status: 200, body: JSON.stringify(verdict.toReply(verdict.secret)) }
    : { status: verdict.refusal.status, body: JSON.stringify({ error: verdict.refusal.error }) }
}

/** Sets the headers of every OpenAI reply, and our label. `now` in epoch ms. Returns the request id. */
export function setCommonHeaders(response: ServerResponse, now: number): string {
  const requestId = `req_${randomBytes(16).toString('hex')}`
  response.setHeader(LABEL_HEADER, LABEL)
  response.setHeader('Date', new Date(now).toUTCString())
  response.setHeader('x-request-id', requestId)
  response.setHeader('openai-processing-ms', '0')
  response.setHeader('openai-version', '2020-10-01')
  response.setHeader('content-type', 'application/json')
  return requestId
}

/** Sends an answer. Resolves when it is written, or when the client has disconnected. */
export async function send(response: ServerResponse, { status, headers, body }: Answer): Promise<void> {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) {
    return pipeline(Readable.from(body), response).catch(() => undefined)
  }
  // These two statuses have no body and no length.
  if (status !== 204 && status !== 304 && !response.hasHeader('content-length')) {
    response.setHeader('content-length', Buffer.byteLength(body))
  }
  response.end(body)
}

/** Answers by hand, where there is no response: to what is not HTTP, and to an upgrade. */
export function endWith(socket: Duplex, { status, error }: Refusal): void {
  const body = JSON.stringify({ error })
  const head = [
    `HTTP/1.1 ${status} Refused`,
    `${LABEL_HEADER}: ${LABEL}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end([...head, '', body].join('\r\n'))
}
