// Acts out a behaviour on one response.
import type { ServerResponse } from 'node:http'
import { type Answer, send, type TextAnswer, toAnswer } from './sandbox-answer.ts'
import type { Behaviour } from './sandbox-behaviour.ts'
import { failWith, invalidApiKey } from './sandbox-failures.ts'
import { spoil } from './sandbox-malformed.ts'
import type { Verdict } from './sandbox-mint.ts'

/** Answers, or fails to, as told. Timers last no longer than the response's socket. */
export async function perform(
  behaviour: Behaviour,
  response: ServerResponse,
  { verdict, apiKey }: { verdict: Verdict; apiKey: string },
): Promise<void> {
  switch (behaviour.kind) {
    case 'normal':
      return send(response, toAnswer(verdict))
    case 'delay':
      return sendLater(response, toAnswer(verdict), behaviour.ms)
    case 'status':
      return send(response, toStatusAnswer(behaviour, apiKey))
    case 'malformed':
      return send(
        response,
        verdict.granted ? spoil(behaviour.variant, verdict.reply, apiKey) : toAnswer(verdict),
      )
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

function toStatusAnswer(behaviour: Extract<Behaviour, { kind: 'status' }>, apiKey: string): Answer {
  const { status, body, headers, code, message } = behaviour
  if (typeof body === 'string') return { status, headers, body }
  const plain401 = status === 401 && code === undefined && message === undefined
  const { error } = plain401 ? invalidApiKey(apiKey) : failWith(status, behaviour)
  return { status, headers, body: JSON.stringify(body === undefined ? { error } : body) }
}

function sendLater(response: ServerResponse, answer: Answer, ms: number): void {
  const timer = setTimeout(() => void send(response, answer), ms).unref()
  response.once('close', () => clearTimeout(timer))
}

function sendTruncated(response: ServerResponse, { status, body }: TextAnswer): Promise<void> {
  // Were the connection kept, the client would wait for the rest instead of losing it.
  const headers = { 'content-length': String(Buffer.byteLength(body) + 64), connection: 'close' }
  return send(response, { status, headers, body })
}

function drip(response: ServerResponse): void {
  response.flushHeaders()
  // A space is white space in JSON too: no parser can tell early that nothing will come.
  const timer = setInterval(() => response.write(' '), 100).unref()
  response.once('close', () => clearInterval(timer))
}
