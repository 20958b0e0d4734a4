// Measures how many requests still reach an upstream that only fails.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { startLoadedService } from './loaded-service.ts'
import { type Answer, runOpenLoop } from './open-loop.ts'
import type { Workshop } from './workshop.ts'

export interface TotalFailure {
  readonly name: string
  readonly answers: readonly Answer[]
  /** When upstream was called, in ms after the first request was due. */
  readonly calls: readonly number[]
}

type Fail = (response: ServerResponse) => unknown

const failures: readonly (readonly [name: string, fail: Fail])[] = [
  ['answers 503', (response) => response.writeHead(503).end()],
  ['resets', (response) => response.socket?.resetAndDestroy()],
  ['is silent', () => undefined],
]

const LOAD = { perSecond: 50, seconds: 20 } as const

/** Runs all cases at the same time, each with its own service: none of them needs much CPU. */
export const runTotalFailure = (workshop: Workshop): Promise<TotalFailure[]> =>
  Promise.all(failures.map(([name, fail]) => runOne(workshop, name, fail)))

async function runOne(workshop: Workshop, name: string, fail: Fail): Promise<TotalFailure> {
  const callsAt: number[] = []
  const upstream = createServer((request, response) => {
    callsAt.push(performance.now())
    request.resume().once('end', () => fail(response))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const address = upstream.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { connections } = await startLoadedService(workshop, {
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
  })
  const startedAt = performance.now()
  const answers = await runOpenLoop(connections, LOAD)
  connections.close()
  upstream.close()
  upstream.closeAllConnections()
  return { name, answers, calls: callsAt.map((at) => at - startedAt) }
}
