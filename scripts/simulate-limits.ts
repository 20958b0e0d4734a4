/**
 * What limits admit while Redis is lost and back, over 1, 10 and 100 replicas.
 *
 * The model: the service's own stores decide (SharedStore and LocalStore), on one simulated clock. Redis is a store that
 * all replicas ask. It answers at once, is lost from minute 3 to minute 6, and comes back empty. Each replica notices the
 * loss at its next request, and the return within half a second. Requests come at random, at a constant mean rate above
 * the limit, and each goes to a random replica. The numbers are random but always the same.
 */
import { createRandom } from '../sandbox/random.ts'
import { LocalStore } from '../src/limits/local-store.ts'
import type { LimitRule } from '../src/limits/rules.ts'
import { SharedStore, type SharedStoreOptions } from '../src/limits/shared-store.ts'
import type { Counter } from '../src/limits/store.ts'
import { RedisUnavailable } from '../src/redis/faults.ts'

const MINUTE_MS = 60_000

export const LOST_MS = 3 * MINUTE_MS
export const BACK_MS = 6 * MINUTE_MS
export const END_MS = 9 * MINUTE_MS

/** How often a replica asks for a lost Redis. */
const PROBE_MS = 500

const replicaCounts = [1, 10, 100] as const

export interface Load extends LimitRule {
  readonly name: string
  /** The plot in docs/. */
  readonly file: string
  /** The mean. */
  readonly requestsPerSecond: number
}

const loads: readonly Load[] = [
  {
    name: 'all callers together, 600/minute',
    file: 'limits-total.svg',
    limit: 600,
    windowMs: MINUTE_MS,
    requestsPerSecond: 20,
  },
  {
    name: 'one caller, 10/minute',
    file: 'limits-caller.svg',
    limit: 10,
    windowMs: MINUTE_MS,
    requestsPerSecond: 2,
  },
]

type Redis = SharedStoreOptions['redis']

/** Decides like the script in Redis: the same log, by another clock. */
function createRedis(counter: Counter, now: () => number): { connect: (backMs: number) => Redis } {
  const before = new LocalStore({ monotonicNow: now })
  const after = new LocalStore({ monotonicNow: now })
  return {
    connect: (backMs) => ({
      get available() {
        return now() < LOST_MS || now() >= backMs
      },
      run: async () => {
        if (now() >= LOST_MS && now() < backMs) throw new RedisUnavailable('unreachable')
        const store = now() < LOST_MS ? before : after
        const { admitted, usages } = store.take([counter])
        return [
          admitted ? 1 : 0,
          ...usages.flatMap(({ remaining, resetMs }) => [counter.limit - remaining, Math.ceil(resetMs)]),
        ]
      },
    }),
  }
}

export interface Run {
  readonly load: Load
  readonly replicas: number
  /** When requests were admitted, in ms. */
  readonly admittedMs: readonly number[]
}

async function simulate(load: Load, replicas: number): Promise<Run> {
  const random = createRandom(replicas)
  let now = 0
  const counter = { ...load, key: 'key', level: 'level', isOfMint: true }
  const redis = createRedis(counter, () => now)
  const stores = Array.from({ length: replicas }, () => {
    const local = new LocalStore({ monotonicNow: () => now })
    const connected = redis.connect(BACK_MS + random() * PROBE_MS)
    return new SharedStore({ redis: connected, local, replicas, required: false, monotonicNow: () => now })
  })
  const admittedMs: number[] = []
  for (;;) {
    now += (-Math.log(1 - random()) * 1_000) / load.requestsPerSecond
    if (now >= END_MS) return { load, replicas, admittedMs }
    const store = stores[Math.floor(random() * replicas)]
    const decision = await store?.take([counter])
    if (decision?.admitted === true) admittedMs.push(now)
  }
}

/** Every load with every number of replicas. */
export async function simulateAll(): Promise<readonly Run[]> {
  return Promise.all(loads.flatMap((load) => replicaCounts.map((replicas) => simulate(load, replicas))))
}

/** How many were admitted in the window that ends at `ms`. */
export const countWindow = ({ admittedMs, load }: Run, ms: number): number =>
  admittedMs.filter((time) => time > ms - load.windowMs && time <= ms).length

/** The most in any window that ends between two times. */
export function findMost(run: Run, fromMs: number, toMs: number): number {
  const ends = run.admittedMs.filter((time) => time >= fromMs && time < toMs)
  return Math.max(0, ...ends.map((end) => countWindow(run, end)))
}

const toRow = (run: Run): string => {
  const { load, replicas } = run
  const share = Math.max(1, Math.floor(load.limit / replicas))
  const most = [
    findMost(run, 0, LOST_MS),
    findMost(run, LOST_MS, LOST_MS + MINUTE_MS),
    findMost(run, LOST_MS + MINUTE_MS, BACK_MS),
    findMost(run, BACK_MS, BACK_MS + MINUTE_MS),
    findMost(run, BACK_MS + MINUTE_MS, END_MS),
  ]
  return `| ${load.name} | ${replicas} | ${share} | ${most.join(' | ')} |`
}

/** The table of docs/scaling.md. */
export const toTable = (runs: readonly Run[]): string =>
  [
    '| limit | replicas | share of each | most in any minute: with Redis | the minute after its loss | while it is lost | the minute after its return | later |',
    '|---|---|---|---|---|---|---|---|',
    ...runs.map(toRow),
  ].join('\n')

if (import.meta.main) process.stdout.write(`${toTable(await simulateAll())}\n`)
