import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../sandbox/behaviour.ts'
import { ConcurrencyGate } from '../src/concurrency.ts'
import { refusalOf } from './support/replies.ts'
import { startTestService } from './support/service.ts'

/** Work that ends when it is told to. */
function createWork() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return { run: () => promise, finish: () => resolve('done'), fail: () => reject(new Error('failed')) }
}

const full = { reason: 'mints_in_flight', code: 'overloaded' } as const

describe('the gate', () => {
  it('lets as many run at once as it may, and refuses the next at once', async () => {
    const gate = new ConcurrencyGate(2)
    const work = createWork()
    const running = [gate.run(work.run), gate.run(work.run)]
    await expect(gate.run(work.run)).rejects.toMatchObject(full)
    work.finish()
    expect(await Promise.all(running)).toEqual(['done', 'done'])
  })

  it('does not begin what it refuses', async () => {
    const gate = new ConcurrencyGate(1)
    const work = createWork()
    const running = gate.run(work.run)
    let begun = false
    const refused = gate.run(async () => {
      begun = true
    })
    await expect(refused).rejects.toMatchObject(full)
    expect(begun).toBe(false)
    work.finish()
    await running
  })

  it.each(['finish', 'fail'] as const)('takes the next when one of them is over: %s', async (end) => {
    const gate = new ConcurrencyGate(1)
    const [first, second] = [createWork(), createWork()]
    const running = gate.run(first.run)
    first[end]()
    await Promise.allSettled([running])
    second.finish()
    expect(await gate.run(second.run)).toBe('done')
  })

  it('takes the next when one throws before it waits', async () => {
    const gate = new ConcurrencyGate(1)
    const thrown = gate.run(() => {
      throw new RangeError('at once')
    })
    await expect(thrown).rejects.toThrow(RangeError)
    expect(await gate.run(async () => 'done')).toBe('done')
  })

  it('a refusal frees nothing', async () => {
    const gate = new ConcurrencyGate(1)
    const work = createWork()
    const running = gate.run(work.run)
    await expect(gate.run(work.run)).rejects.toMatchObject(full)
    await expect(gate.run(work.run)).rejects.toMatchObject(full)
    work.finish()
    await running
  })
})

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
