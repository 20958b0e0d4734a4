// A process that counts requests in Redis at given times, and reports the admissions.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { LocalStore } from '../../src/limits/local-store.ts'
import { SharedStore } from '../../src/limits/shared-store.ts'
import { RedisConnection } from '../../src/redis/connection.ts'
import { Secret } from '../../src/secret.ts'

/** From the parent: how many requests to count at each of these Unix milliseconds. */
export interface Orders {
  readonly url: string
  readonly limit: number
  readonly windowMs: number
  readonly atOnce: number
  readonly moments: readonly number[]
}

/** To the parent. */
export interface Takings {
  readonly takes: number
  /** Two times per admission, before and after it, in milliseconds of the machine's monotonic clock. */
  readonly admitted: readonly (readonly [after: number, before: number])[]
  readonly wasAlone: boolean
}

const now = (): number => performance.now()

const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

async function take({ url, limit, windowMs, atOnce, moments }: Orders): Promise<Takings> {
  let wasAlone = false
  const redis = new RedisConnection({ url: new Secret(url), onChange: () => (wasAlone = true) })
  await redis.open()
  const store = new SharedStore({
    redis,
    local: new LocalStore({ monotonicNow: now }),
    replicas: 3,
    required: false,
    monotonicNow: now,
  })
  const counters = [{ key: '{realtime-mint}:edge', level: 'only', limit, windowMs }]
  const admitted: [number, number][] = []
  let takes = 0

  async function takeOne(): Promise<void> {
    const after = monotonicMs()
    const decision = await store.take(counters)
    takes += 1
    if (decision.admitted) admitted.push([after, monotonicMs()])
  }

  const bursts = moments.map(async (moment) => {
    await delay(moment - Date.now())
    await Promise.all(Array.from({ length: atOnce }, takeOne))
  })
  await Promise.all(bursts)
  redis.close()
  return { takes, admitted, wasAlone }
}

const [orders] = await once(process, 'message')
process.send?.(await take(orders))
process.disconnect?.()
