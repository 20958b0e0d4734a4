import { describe, expect, it, vi } from 'vitest'
import type { Behaviour } from '../../sandbox/behaviour.ts'
import { inTurn } from '../bench/in-turn.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { stopClock } from './outcome.ts'

stopClock()

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

/** A service, and its mints with a preset. */
async function start() {
  const service = await startTestService({ presets: PRESETS })
  return { ...service, service, mintWith: (preset = 'one') => service.mint({ preset }) }
}

const KEY_AGAIN = 'upstream accepts the API key again'
const PRESET_AGAIN = 'upstream accepts the preset again'

const refuse = (status: number, code: string | null = null): Behaviour => ({ kind: 'status', status, code })

describe('a state that makes mints fail', () => {
  it.each([
    ['a refused key', refuse(401, 'invalid_api_key'), 'API key refused', KEY_AGAIN],
    [
      'an unsupported country',
      refuse(403, 'unsupported_country'),
      'country not supported by upstream',
      'upstream serves this country again',
    ],
    ['no credit', refuse(429, 'insufficient_quota'), 'out of credit', 'credit available again'],
    ['a refused preset', refuse(400), 'preset refused by upstream', PRESET_AGAIN],
    ['a missing endpoint', refuse(404), 'endpoint not found at upstream', 'upstream has the endpoint again'],
    ['a 403', refuse(403), 'access refused by upstream', 'upstream grants access again'],
    ['a 429', refuse(429), 'cool-down', 'cool-down over'],
  ])(
    'is logged when it begins, every ten minutes, and when it ends: %s',
    async (_name, behaviour, begin, end) => {
      const { sandbox, service, mintWith } = await start()
      sandbox.behave(behaviour)
      await inTurn([0, 599_999, 1, 300_000], async (ms) => {
        vi.advanceTimersByTime(ms)
        await mintWith()
      })
      sandbox.behave({ kind: 'normal' })
      vi.advanceTimersByTime(2_000)
      await mintWith()
      await mintWith()
      expect(linesOf(service)).toStrictEqual([
        ['error', 'one', begin],
        ['error', 'one', begin],
        ['warn', 'one', end],
      ])
    },
  )

  it('is logged for each preset that upstream refuses', async () => {
    const { sandbox, service, mintWith } = await start()
    sandbox.behave(refuse(400), 2)
    await mintWith()
    await mintWith('two')
    await mintWith()
    expect(linesOf(service)).toStrictEqual([
      ['error', 'one', 'preset refused by upstream'],
      ['error', 'two', 'preset refused by upstream'],
      ['warn', 'one', PRESET_AGAIN],
    ])
  })

  it('ends for the key when upstream refuses something else', async () => {
    const { sandbox, service, mintWith } = await start()
    sandbox.behave(refuse(401), 1)
    await mintWith()
    sandbox.behave(refuse(400), 1)
    await mintWith('two')
    expect(linesOf(service)).toStrictEqual([
      ['error', 'one', 'API key refused'],
      ['warn', 'one', KEY_AGAIN],
      ['error', 'two', 'preset refused by upstream'],
    ])
    expect(service.logText()).toContain('Replace the API key')
  })

  it.each([
    ['a page of HTML', { kind: 'malformed', variant: 'html' }, 'upstream_not_json'],
    ['a redirect', refuse(302), 'upstream_redirect'],
    ['a timeout', refuse(504), 'upstream_error'],
  ] as const)(
    'is logged for five failures in a row, though each is no state: %s',
    async (_name, behaviour, reason) => {
      const { sandbox, service, mintWith } = await start()
      sandbox.behave(behaviour, 4)
      await inTurn(Array.from({ length: 5 }), () => mintWith())
      sandbox.behave(behaviour, 5)
      await inTurn(Array.from({ length: 5 }), () => mintWith())
      expect(linesOf(service)).toStrictEqual([['error', 'one', 'upstream failing']])
      expect(service.logText()).toContain(`"reason":"${reason}","preset":"one"`)
      await mintWith('two')
      expect(linesOf(service)).toHaveLength(2)
      expect(linesOf(service)).toContainEqual(['warn', 'one', 'upstream mints again'])
    },
  )

  it('is logged every ten minutes while the circuit breaker is open', async () => {
    const { sandbox, service, mintWith } = await start()
    sandbox.behave(refuse(504))
    await inTurn(Array.from({ length: 20 }), () => mintWith())
    await inTurn([300_000, 300_000], async (ms) => {
      vi.advanceTimersByTime(ms)
      await mintWith()
    })
    sandbox.behave({ kind: 'normal' })
    vi.advanceTimersByTime(1_000)
    await mintWith()
    expect(linesOf(service)).toStrictEqual([
      ['error', 'one', 'upstream failing'],
      ['error', null, 'circuit breaker open'],
      ['error', null, 'circuit breaker open'],
      ['warn', null, 'circuit breaker closed'],
      ['warn', 'one', 'upstream mints again'],
    ])
  })
})
