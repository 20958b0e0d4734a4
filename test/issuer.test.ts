import { expect, it } from 'vitest'
import { Attempt } from '../src/attempt.ts'
import { ServiceError } from '../src/errors.ts'
import { createIssuer } from '../src/issuer.ts'
import { parseClientSecretsRequest } from '../src/presets/request/mint-request.ts'
import { catalogOf } from './presets/support.ts'

const catalog = catalogOf(`presets:
  greeter:
    variables: { name: { max_length: 10 } }
    session: { type: realtime, model: gpt-realtime-2.1, instructions: "A prompt for {{name}}" }
`)

const unused = (): never => {
  throw new Error('not to be called')
}

it('an attempt names its preset and its session, and keeps no prompt and no value of a variable', async () => {
  const issuer = createIssuer({
    catalog: () => catalog,
    defaultPreset: undefined,
    // The last check that needs nothing from outside.
    pauses: {
      check: () => {
        throw new ServiceError('paused_all')
      },
    },
    upstream: {
      mint: unused,
      checkAvailable: unused,
      breaker: { isOpen: false, coolDownMs: 0 },
      close: unused,
    },
    limits: { isAvailable: unused, countRequest: unused, countMint: unused, totals: unused },
    maxConcurrentMints: 1,
    isAuditAvailable: unused,
    usedTokens: { reserve: unused, release: unused },
    toSafetyIdentifier: unused,
  })
  const attempt = new Attempt(0, '192.0.2.1', true)
  const request = parseClientSecretsRequest({ preset: 'greeter', variables: { name: 'Ada' } })
  const wanted = { request, queryPreset: undefined, origin: undefined, requestId: '1' }
  await expect(issuer.issue(attempt, wanted)).rejects.toThrow(ServiceError)
  expect(attempt).toMatchObject({ preset: { name: 'greeter' }, session: { model: 'gpt-realtime-2.1' } })
  expect(JSON.stringify(attempt)).not.toMatch(/prompt|Ada/)
})
