// Measures the cost of verifying a caller's token, by algorithm: CPU over all threads, and wall time.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createCallerGuard, type KeySource } from '../../src/auth/caller.ts'
import { Secret } from '../../src/secret.ts'
import { portOf } from '../support/ports.ts'
import { AUDIENCE, createKey, ISSUER, JWT_SECRET, toToken } from '../support/tokens.ts'
import { inRounds, inTurn } from './in-turn.ts'
import { timeWork } from './proc.ts'
import { align } from './report.ts'
import { median } from './statistics.ts'

const ALGORITHMS = 'HS256 RS256 RS512 PS256 ES256 ES384 ES512 EdDSA'.split(' ')
const CONNECTIONS = 16
const WARM_UP = 500
const VERIFICATIONS = 300
const ROUNDS = 3

type Verify = () => Promise<unknown>

interface Cost {
  readonly cpuMicros: number
  readonly micros: number
}

async function createToken(alg: string) {
  const claims = { plan: 'pro', exp: Math.floor(Date.now() / 1000) + 600 }
  if (alg === 'HS256') return { token: toToken(claims), jwk: undefined }
  const { jwk, sign } = await createKey(alg, alg)
  return { token: await sign(claims), jwk }
}

/** A key set on loopback, as an issuer publishes it, or the shared secret. */
async function publish(jwk: object | undefined): Promise<{ keys: KeySource; close: () => void }> {
  if (jwk === undefined) return { keys: { secret: new Secret(JWT_SECRET) }, close: () => undefined }
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    keys: { url: new URL(`http://127.0.0.1:${portOf(server)}/jwks`), proxy: undefined },
    close: () => server.close(),
  }
}

async function measure(verify: Verify, connections: number): Promise<Cost> {
  const remaining = Array.from({ length: VERIFICATIONS }).values()
  const { ms, cpuMs } = await timeWork(() =>
    Promise.all(Array.from({ length: connections }, () => inTurn(remaining, verify))),
  )
  return { cpuMicros: (cpuMs * 1_000) / VERIFICATIONS, micros: (ms * 1_000) / VERIFICATIONS }
}

const medianOf = (costs: readonly Cost[], key: keyof Cost): string =>
  median(costs.map((cost) => cost[key])).toFixed(0)

async function report(alg: string): Promise<string[]> {
  const { token, jwk } = await createToken(alg)
  const { keys, close } = await publish(jwk)
  const guard = createCallerGuard({
    keys,
    issuer: ISSUER,
    audiences: [AUDIENCE],
    audienceClaim: 'aud',
    maxLifetimeSeconds: 3_600,
    singleUse: false,
    monotonicNow: () => performance.now(),
    unixNow: () => Date.now(),
  })
  const verify = (): Promise<unknown> => guard.identify({ authorization: `Bearer ${token}` })
  await inTurn(Array.from({ length: WARM_UP }), verify)
  const [alone = [], together = []] = await inRounds(ROUNDS, [1, CONNECTIONS], (connections) =>
    measure(verify, connections),
  )
  await guard.close()
  close()
  return [
    alg,
    medianOf(alone, 'cpuMicros'),
    medianOf(alone, 'micros'),
    medianOf(together, 'cpuMicros'),
    medianOf(together, 'micros'),
  ]
}

const headings = [
  'algorithm',
  'µs CPU alone',
  'µs alone',
  `µs CPU, ${CONNECTIONS} at once`,
  `µs each, ${CONNECTIONS} at once`,
]
console.log(align([headings, ...(await inTurn(ALGORITHMS, report))]))
