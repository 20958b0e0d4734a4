/** A browser for the client: its server answers from a list, and its clock stands still until a test moves it. */
import { createClient } from '../../src/client/client.js'
import type { Client, ClientOptions } from '../../src/client/client-types.ts'

export const ENDPOINT = 'https://mint.example.com/v1/realtime/client_secrets'
export const EXPIRES_AT = 1_790_000_000

export const issued = (value = 'ek_1'): Response => Response.json({ value, expires_at: EXPIRES_AT })

export function refused(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const error = { message: `About ${code}.`, code, param: null }
  return Response.json({ error }, { status, headers: { 'x-request-id': 'req-1', ...headers } })
}

export const limited = (seconds: number): Response =>
  refused(429, 'rate_limited', { 'retry-after': String(seconds) })

export interface SeenRequest {
  readonly url: string
  readonly method: string
  readonly credentials: string
  readonly authorization: string | null
  readonly body: unknown
  readonly signal: AbortSignal
}

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

export interface FakeBrowser {
  readonly open: (options?: Partial<ClientOptions>) => Client
  readonly requests: readonly SeenRequest[]
  /** Answers the oldest open request. */
  readonly answer: (reply: Response | Error) => Promise<void>
  /** Moves the clock. */
  readonly pass: (ms: number) => Promise<void>
  /** Answers every request from the list, passes all waits, and returns how the call ended and how long it took. */
  readonly play: <Value>(
    replies: readonly (Response | Error)[],
    call: Promise<Value>,
  ) => Promise<{ readonly value?: Value; readonly error?: unknown; readonly ms: number }>
}

/** Lets everything run that waits for nothing outside. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createFakeBrowser(): FakeBrowser {
  const requests: SeenRequest[] = []
  const open = new Set<{
    readonly resolve: (reply: Response) => void
    readonly reject: (error: Error) => void
  }>()
  const timers = new Set<Timer>()
  let nowMs = 0

  const location = { origin: 'https://app.example.com' }
  const environment = {
    location,
    fetch: (url: string, init: RequestInit): Promise<Response> => {
      const request = new Request(new URL(url, location.origin), init)
      const { method, credentials, headers, signal } = request
      const body = typeof init.body === 'string' ? JSON.parse(init.body) : null
      const authorization = headers.get('authorization')
      requests.push({ url, method, credentials, authorization, body, signal })
      return new Promise((resolve, reject) => {
        const exchange = { resolve, reject }
        open.add(exchange)
        signal.addEventListener('abort', () => {
          open.delete(exchange)
          reject(signal.reason)
        })
      })
    },
    setTimeout: (run: () => void, ms: number) => void timers.add({ atMs: nowMs + ms, run }),
  }

  async function answer(reply: Response | Error): Promise<void> {
    await settle()
    const [request] = open
    if (request === undefined) throw new Error('no request is open')
    open.delete(request)
    if (reply instanceof Error) request.reject(reply)
    else request.resolve(reply)
    await settle()
  }

  async function pass(ms: number): Promise<void> {
    nowMs += ms
    await settle()
    for (const timer of timers) {
      if (timer.atMs > nowMs) continue
      timers.delete(timer)
      timer.run()
    }
    await settle()
  }

  async function play<Value>(replies: readonly (Response | Error)[], call: Promise<Value>) {
    const startedMs = nowMs
    let end: { value?: Value; error?: unknown } | undefined
    call.then(
      (value: Value) => (end = { value }),
      (error: unknown) => (end = { error }),
    )
    await settle()
    for (const reply of replies) {
      if (open.size > 0) await answer(reply)
      const next = Math.min(...[...timers].map(({ atMs }) => atMs))
      if (open.size === 0 && Number.isFinite(next)) await pass(next - nowMs)
    }
    await settle()
    if (end === undefined) throw new Error('the call did not end')
    return { ...end, ms: nowMs - startedMs }
  }

  return {
    open: (options) =>
      createClient({ url: 'https://mint.example.com/', preset: 'concierge', ...options }, environment),
    requests,
    answer,
    pass,
    play,
  }
}
