/** One service for all tests of a file or group. */
import { afterAll, beforeAll } from 'vitest'
import { type Defer, startTestService, type TestService, type TestServiceOptions } from './service.ts'

/** What `start` resolves with, from before the first test until after the last, when all that it deferred is run. */
export function share<Started>(start: (defer: Defer) => Promise<Started>, timeoutMs?: number): () => Started {
  const ends: (() => Promise<void>)[] = []
  const running: Started[] = []
  beforeAll(async () => {
    const started = await start((end) => ends.unshift(end))
    running.push(started)
  }, timeoutMs)
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => {
    const [started] = running
    if (started === undefined) throw new Error('the service is not running')
    return started
  }
}

export const shareService = (options: Omit<TestServiceOptions, 'defer'> = {}): (() => TestService) =>
  share((defer) => startTestService({ ...options, defer }))
