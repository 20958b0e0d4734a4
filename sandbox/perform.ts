// Applies a behaviour to one response.
import type { ServerResponse } from 'node:http'
import { type Answer, send, type TextAnswer, toAnswer } from './answer.ts'
import type { Behaviour } from './behaviour.ts'
import { failWith, invalidApiKey, invalidUrl } from './failures.ts'
import { spoil } from './malformed.ts'
import type { MintTerms, Verdict } from './mint.ts'
import type { Refusal } from './refusal.ts'

/** Answers or fails as told. Timers end with the response's socket. */
export async function perform(
  behaviour: Behaviour,
  response: ServerResponse,
  { verdict, terms }: { verdict: Verdict; terms: MintTerms },
): Promise<void> {
  switch (behaviour.kind) {
    case 'normal':
      return send(response, toAnswer(verdict))
    case 'delay':
      return sendLater(response, toAnswer(verdict), behaviour.ms)
    case 'status':
      return send(response, toStatusAnswer(behaviour, response, terms))
    case 'malformed':
      return send(response, verdict.granted ? spoil(behaviour.variant, verdict, terms) : toAnswer(verdict))
    case 'truncate':
      return sendTruncated(response, toAnswer(verdict))
    case 'headers-only':
      return response.flushHeaders()
    case 'drip':
      return drip(response)
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'hang':
  }
}

type StatusBehaviour = Extract<Behaviour, { kind: 'status' }>

function toStatusAnswer(behaviour: StatusBehaviour, response: ServerResponse, terms: MintTerms): Answer {
  const { status, body, headers } = behaviour
  if (typeof body === 'string') return { status, headers, body }
  const { error } = toRefusal(behaviour, response, terms)
  return { status, headers, body: JSON.stringify(body === undefined ? { error } : body) }
}

// Two refusals quote the request: its key or its URL.
function toRefusal(behaviour: StatusBehaviour, { req }: ServerResponse, terms: MintTerms): Refusal {
  const { status, code, message } = behaviour
  if (status === 401 && code === undefined && message === undefined) {
    return invalidApiKey(terms.apiKey)
  }
  if (status === 404 && code === null && message === undefined) return invalidUrl(req)
  return failWith(status, behaviour)
}

function sendLater(response: ServerResponse, answer: Answer, ms: number): void {
  const timer = setTimeout(() => void send(response, answer), ms).unref()
  response.once('close', () => clearTimeout(timer))
}

function sendTruncated(response: ServerResponse, { status, body }: TextAnswer): Promise<void> {
  // On a connection that stays open, the client would wait for the rest.
  const headers = { 'content-length': String(Buffer.byteLength(body) + 64), connection: 'close' }
  return send(response, { status, headers, body })
}

function drip(response: ServerResponse): void {
  response.flushHeaders()
  // JSON may start with spaces, so a parser cannot give up early.
  const timer = setInterval(() => response.write(' '), 100).unref()
  response.once('close', () => clearInterval(timer))
}
