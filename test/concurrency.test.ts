import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../sandbox/behaviour.ts'
import { refusalOf } from './support/replies.ts'
import { startTestService } from './support/service.ts'

describe('MAX_CONCURRENT_MINTS', () => {
  it('bounds the calls upstream, and is told with a Retry-After', async () => {
    const service = await startTestService({ environment: { MAX_CONCURRENT_MINTS: '2' } })
    service.sandbox.behave({ kind: 'hang' })
    const hanging = [service.mint(), service.mint()]
    await expect.poll(() => service.sandbox.requests.length).toBe(2)
    const refused = await service.mint()
    expect(refusalOf(refused)).toEqual([503, 'overloaded', null])
    expect(refused.headers).toMatchObject({ 'retry-after': '1' })
    expect(refused.headers).not.toHaveProperty('x-should-retry')
    expect(service.sandbox.requests).toHaveLength(2)
    await service.sandbox.close()
    await Promise.all(hanging)
  })

  it.each<[what: string, behaviour: Behaviour, status: number]>([
    ['is issued', { kind: 'normal' }, 200],
    ['fails', { kind: 'reset' }, 503],
    ['is refused', { kind: 'status', status: 401 }, 502],
    ['is malformed', { kind: 'malformed', variant: 'html' }, 502],
  ])('is free again when a mint %s', async (_, behaviour, status) => {
    const service = await startTestService({ environment: { MAX_CONCURRENT_MINTS: '1' } })
    service.sandbox.behave(behaviour, 1)
    expect((await service.mint()).statusCode).toBe(status)
    expect((await service.mint()).statusCode).toBe(200)
  })
})
