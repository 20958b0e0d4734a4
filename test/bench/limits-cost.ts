// Measures the CPU that all levels of limits add to a mint: one listener with limits and one without, in turn.
import Fastify, { type FastifyInstance } from 'fastify'
import { openAttempts } from '../../src/audit/hooks.ts'
import { limitAddresses, showQuotas } from '../../src/http/address-limit.ts'
import { attemptOf } from '../../src/http/attempt-of.ts'
import { Lifecycle } from '../../src/lifecycle.ts'
import { createLimits, type Limits } from '../../src/limits/levels.ts'
import { LocalStore } from '../../src/limits/local-store.ts'
import { inTurn } from './in-turn.ts'
import { median, percentile } from './statistics.ts'

const CONNECTIONS = 16
const REQUESTS = 4_000
const WARM_UP_ROUNDS = 5
const ROUNDS = 21
const MOST_MICROS = 20

// As many rules per level as usual. The load reaches none of them.
const often = { limit: 1_000_000, windowMs: 60_000 }
const daily = { limit: 100_000_000, windowMs: 86_400_000 }

const preset = { name: 'voice-assistant', limits: { perCaller: [often], total: [daily] } }

const now = (): number => performance.now()

const limits: Limits = createLimits({
  store: new LocalStore({ monotonicNow: now }),
  perAddress: [often],
  perCaller: [often, daily],
  total: [often],
  toPseudonym: (_kind, value) => value,
})

function createBareListener(): FastifyInstance {
  const app = Fastify()
  openAttempts(app, { lifecycle: new Lifecycle(), toAddress: ({ ip }) => ip, now })
  return app
}

async function createLimitedListener(): Promise<FastifyInstance> {
  const app = createBareListener()
  await limitAddresses(app, {
    limits,
    exemptPaths: new Set(),
    mintingPaths: new Set(),
    allowedOrigins: new Set(),
  })
  showQuotas(app)
  app.get('/', async (request) => {
    const attempt = attemptOf(request)
    const { address } = attempt
    const { quotas, refusal } = await limits.countMint({ preset, subject: null, address })
    attempt.quotas = [...attempt.quotas, ...quotas]
    if (refusal !== undefined) throw refusal
    return 'minted'
  })
  return app
}

async function ask(app: FastifyInstance): Promise<void> {
  const { statusCode } = await app.inject('/')
  if (statusCode !== 200) throw new Error(`a request was answered with ${statusCode}`)
}

/** µs of CPU per request, over all threads. */
async function measure(app: FastifyInstance): Promise<number> {
  const remaining = Array.from({ length: REQUESTS }).values()
  const before = process.cpuUsage()
  await Promise.all(Array.from({ length: CONNECTIONS }, () => inTurn(remaining, () => ask(app))))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / REQUESTS
}

const bare = createBareListener()
bare.get('/', async () => 'minted')
const listeners = [bare, await createLimitedListener()]

const measureEach = (rounds: number): Promise<number[][]> =>
  inTurn(Array.from({ length: rounds }), () => inTurn(listeners, measure))

await measureEach(WARM_UP_ROUNDS)
const rounds = await measureEach(ROUNDS)
const added = rounds.map(([without = Number.NaN, limited = Number.NaN]) => limited - without)
// Garbage collection shifts single rounds by hundreds of µs.
const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => percentile(added, share).toFixed(1))
const verdict = median(added) <= MOST_MICROS ? 'met' : 'missed'
console.log(
  `all levels in memory ≤ ${MOST_MICROS} µs of CPU per mint: ${middle} µs (${low}–${high}), ${verdict}`,
)
