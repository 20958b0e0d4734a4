import { EventEmitter } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { type Stray, startFaultyGateway } from '../../sandbox/faulty-gateway.ts'
import { ServiceError } from '../../src/errors.ts'
import { request } from '../../src/outbound/request.ts'
import { RestingPool } from '../../src/outbound/resting-pool.ts'
import { inTurn } from '../bench/in-turn.ts'

async function startPool(strayOf: (count: number) => Stray | undefined = () => undefined) {
  const gateway = await startFaultyGateway({ strayOf })
  const origin = `http://127.0.0.1:${gateway.port}`
  const clock = { nowMs: 0 }
  let strays = 0
  const pool = new RestingPool(
    origin,
    {},
    {
      maxConnections: 2,
      enoughConnections: 2,
      monotonicNow: () => clock.nowMs,
      onStray: () => (strays += 1),
    },
  )
  onTestFinished(async () => {
    await pool.destroy()
    gateway.close()
  })
  async function ask(): Promise<number> {
    const signal = new EventEmitter()
    const reply = await request(pool, { origin, method: 'POST', path: '/', body: '{}', signal })
    await reply.text()
    // undici frees a connection one turn of the event loop after its reply.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    return reply.statusCode
  }
  return {
    pool,
    clock,
    gateway,
    strays: () => strays,
    ask,
    askInTurn: (count: number) => inTurn(Array.from({ length: count }), ask),
  }
}

it('a connection is used without rest when no other may be opened', async () => {
  const { askInTurn, gateway } = await startPool()
  expect(await askInTurn(6)).toStrictEqual([200, 200, 200, 200, 200, 200])
  expect(gateway.connections()).toBe(2)
})

it('no request waits for a connection', async () => {
  const { ask } = await startPool()
  const replies = await Promise.allSettled([ask(), ask(), ask()])
  expect(replies.map(({ status }) => status)).toStrictEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(replies[2]).toMatchObject({ reason: new ServiceError('mints_in_flight') })
})

it('for a minute after a stray reply, a connection without rest is replaced', async () => {
  const { askInTurn, gateway, clock, strays } = await startPool((count) =>
    count === 2 ? { kind: 'different', lateMs: 0 } : undefined,
  )
  await askInTurn(2)
  expect([gateway.connections(), strays()]).toStrictEqual([2, 1])
  clock.nowMs = 1_249
  await askInTurn(4)
  expect(gateway.connections()).toBe(6)
  clock.nowMs = 60_000
  await askInTurn(4)
  expect(gateway.connections()).toBe(6)
})

it('a connection that was closed at rest is forgotten, and one that is still open is used', async () => {
  const { ask, askInTurn, gateway, clock } = await startPool((count) =>
    count === 1 ? { kind: 'different', lateMs: 0 } : undefined,
  )
  await askInTurn(2)
  clock.nowMs = 1_250
  await ask()
  expect(gateway.connections()).toBe(2)
})

it('a closed pool opens nothing', async () => {
  const { pool, ask, gateway } = await startPool()
  await pool.destroy()
  await expect(ask()).rejects.toMatchObject({ reason: 'draining' })
  expect(gateway.connections()).toBe(0)
})
