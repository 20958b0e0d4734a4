import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { inTurn } from '../bench/in-turn.ts'
import { startTestService, type TestService } from '../support/service.ts'

// Only the service's clock stands still. Sockets and deadlines work.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const PRESETS = `
presets:
  one: { session: { type: realtime, model: gpt-realtime-2.1 } }
  two: { session: { type: realtime, model: gpt-realtime-2.1 } }
`

/** Level, preset and text of each line that is not about one request. */
const linesOf = ({ logText }: TestService): readonly unknown[] =>
  logText()
    .split('\n')
    .filter((line) => /"level":"(?:warn|error)"/.test(line) && !line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line))
    .filter(({ msg }) =>
      /^(?:API key|out of credit|credit|preset|circuit|cool-down|upstream|country|endpoint|access)/.test(msg),
    )
    .map(({ level, preset, msg }) => [level, preset, String(msg).split(':')[0]])

const mint = (service: TestService, preset: string) => service.mint({ preset })

const refuse = (status: number, code: string | null = null): Behaviour => ({ kind: 'status', status, code })

describe('a state that makes mints fail', () => {
  it.each([
    [
      'a refused key',
      refuse(401, 'invalid_api_key'),
      'API key refused',
      'upstream accepts the API key again',
    ],
    [
      'an unsupported country',
      refuse(403, 'unsupported_country'),
      'country not supported by upstream',
      'upstream accepts the API key again',
    ],
    ['no credit', refuse(429, 'insufficient_quota'), 'out of credit', 'credit available again'],
    ['a refused preset', refuse(400), 'preset refused by upstream', 'upstream accepts the preset again'],
    [
      'a missing endpoint',
      refuse(404),
      'endpoint not found at upstream',
      'upstream accepts the preset again',
    ],
    ['a 403', refuse(403), 'access refused by upstream', 'upstream accepts the preset again'],
    ['a 429', refuse(429), 'cool-down', 'cool-down over'],
  ])(
    'is logged when it begins, every ten minutes, and when it ends: %s',
    async (_name, behaviour, begin, end) => {
      const service = await startTestService({ presets: PRESETS })
      service.sandbox.behave(behaviour)
      await inTurn([0, 599_999, 1, 300_000], async (ms) => {
        vi.advanceTimersByTime(ms)
        await mint(service, 'one')
      })
      service.sandbox.behave({ kind: 'normal' })
      vi.advanceTimersByTime(2_000)
      await mint(service, 'one')
      await mint(service, 'one')
      expect(linesOf(service)).toStrictEqual([
        ['error', 'one', begin],
        ['error', 'one', begin],
        ['warn', 'one', end],
      ])
    },
  )

  it('is logged for each preset that upstream refuses', async () => {
    const service = await startTestService({ presets: PRESETS })
    service.sandbox.behave(refuse(400), 2)
    await mint(service, 'one')
    await mint(service, 'two')
    await mint(service, 'one')
    expect(linesOf(service)).toStrictEqual([
      ['error', 'one', 'preset refused by upstream'],
      ['error', 'two', 'preset refused by upstream'],
      ['warn', 'one', 'upstream accepts the preset again'],
    ])
  })

  it('ends for the key when upstream refuses something else', async () => {
    const service = await startTestService({ presets: PRESETS })
    service.sandbox.behave(refuse(401), 1)
    await mint(service, 'one')
    service.sandbox.behave(refuse(400), 1)
    await mint(service, 'two')
    expect(linesOf(service)).toStrictEqual([
      ['error', 'one', 'API key refused'],
      ['warn', 'one', 'upstream accepts the API key again'],
      ['error', 'two', 'preset refused by upstream'],
    ])
  })

  it('is logged every ten minutes while the circuit breaker is open', async () => {
    const service = await startTestService({ presets: PRESETS })
    service.sandbox.behave(refuse(504))
    await inTurn(Array.from({ length: 20 }), () => mint(service, 'one'))
    await inTurn([300_000, 300_000], async (ms) => {
      vi.advanceTimersByTime(ms)
      await mint(service, 'one')
    })
    service.sandbox.behave({ kind: 'normal' })
    vi.advanceTimersByTime(1_000)
    await mint(service, 'one')
    expect(linesOf(service)).toStrictEqual([
      ['error', null, 'circuit breaker open'],
      ['error', null, 'circuit breaker open'],
      ['warn', null, 'circuit breaker closed'],
    ])
  })

  it('says what to do', async () => {
    const service = await startTestService({ presets: PRESETS })
    service.sandbox.behave(refuse(401, 'invalid_api_key'), 1)
    await mint(service, 'one')
    expect(service.logText()).toContain('Replace the API key')
  })

  it('does not count as a failure if the server has no such endpoint', async () => {
    const service = await startTestService({ presets: PRESETS })
    service.sandbox.behave(refuse(501), 30)
    await inTurn(Array.from({ length: 30 }), () => mint(service, 'one'))
    expect((await mint(service, 'one')).statusCode).toBe(200)
  })
})
