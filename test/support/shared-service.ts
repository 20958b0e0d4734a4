/** One service for all tests of a group. */
import { afterAll, beforeAll } from 'vitest'
import { startTestService, type TestService, type TestServiceOptions } from './service.ts'

/** Starts before the first test of a file or group and closes after the last. */
export function shareService(options: Omit<TestServiceOptions, 'defer'> = {}): () => TestService {
  const ends: (() => Promise<void>)[] = []
  const running: TestService[] = []
  beforeAll(async () => {
    running.push(await startTestService({ ...options, defer: (end) => ends.unshift(end) }))
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => {
    const [service] = running
    if (service === undefined) throw new Error('the service is not running')
    return service
  }
}
