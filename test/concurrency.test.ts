import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../sandbox/behaviour.ts'
import { startTestService } from './support/service.ts'

describe('MAX_CONCURRENT_MINTS', () => {
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
