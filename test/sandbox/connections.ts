/** For the tests of connections: a clock, secrets, and a page's WebSocket. */
import { onTestFinished } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import { apiKey, post } from './caller.ts'

export type Event = Readonly<Record<string, unknown>>

export const voice = {
  type: 'realtime',
  model: 'gpt-realtime-2.1',
  instructions: 'Speak like a pirate.',
  output_modalities: ['text'],
}
export const captions = {
  type: 'transcription',
  audio: { input: { transcription: { model: 'gpt-live-transcribe' } } },
}

/** A sandbox of a test, and how to let time pass for it. */
export async function startClockedSandbox(options: Partial<SandboxOptions> = {}) {
  let at = Date.parse('2026-03-01T12:00:00Z')
  const lines: object[] = []
  const sandbox = await startSandbox({ apiKey, now: () => at, log: (line) => lines.push(line), ...options })
  onTestFinished(sandbox.close)
  return {
    sandbox,
    lines,
    pass: (seconds: number): void => {
      at += seconds * 1000
    },
  }
}

/** A secret for 60 s. */
export async function mint(sandbox: Sandbox, session: object = voice): Promise<string> {
  const expiry = { anchor: 'created_at', seconds: 60 }
  const reply = await post(sandbox, { session, expires_after: expiry })
  return String(Object(await reply.json()).value)
}

export interface OpenSocket {
  readonly protocol: () => string
  readonly send: (event: object) => void
  /** The first event of that type that no call returned yet. */
  readonly next: (type: string) => Promise<Event>
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly close: () => void
}

/** Connects as a page does, with the secret in a subprotocol. */
export function connectSocket(
  sandbox: Sandbox,
  secret: string,
  { query = '', protocols = ['realtime'] }: { query?: string; protocols?: readonly string[] } = {},
): OpenSocket {
  const url = `${sandbox.baseUrl.replace('http', 'ws')}/realtime${query}`
  const socket = new WebSocket(url, [...protocols, `openai-insecure-api-key.${secret}`])
  const events: Event[] = []
  const waiting: { readonly type: string; readonly resolve: (event: Event) => void }[] = []
  socket.addEventListener('message', ({ data }) => {
    const event: Event = JSON.parse(String(data))
    const index = waiting.findIndex(({ type }) => type === event['type'])
    if (index === -1) events.push(event)
    else waiting.splice(index, 1)[0]?.resolve(event)
  })
  const { promise: closed, resolve: end } = Promise.withResolvers<{ code: number; reason: string }>()
  socket.addEventListener('close', ({ code, reason }) => end({ code, reason }))
  onTestFinished(() => socket.close())
  return {
    closed,
    close: () => socket.close(),
    protocol: () => socket.protocol,
    send: (event) => socket.send(JSON.stringify(event)),
    next: (type) => {
      const index = events.findIndex((event) => event['type'] === type)
      const [found] = index === -1 ? [] : events.splice(index, 1)
      if (found !== undefined) return Promise.resolve(found)
      const { promise, resolve } = Promise.withResolvers<Event>()
      waiting.push({ type, resolve })
      return promise
    },
  }
}
