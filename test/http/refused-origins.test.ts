import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Attempt } from '../../src/attempt.ts'
import { ServiceError } from '../../src/errors.ts'
import { decorateAttempts, setAttempt } from '../../src/http/attempt-of.ts'
import { warnOfRefusedOrigins } from '../../src/http/refused-origins.ts'
import { createLogger } from '../../src/logger.ts'
import { CLIENT_SECRETS } from '../support/replies.ts'
import { startTestService } from '../support/service.ts'

const HOUR_MS = 3_600_000

/** A listener that refuses every origin, on a clock that only the test moves. */
async function startRefusing() {
  const clock = { now: 0 }
  const lines: string[] = []
  const app = Fastify()
  onTestFinished(() => app.close())
  decorateAttempts(app)
  app.addHook('onRequest', async (request) => {
    const attempt = new Attempt(0, '203.0.113.9', true)
    attempt.failure = new ServiceError('origin_unlisted')
    setAttempt(request, attempt)
  })
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) })
  warnOfRefusedOrigins(app, { logger, now: () => clock.now })
  app.get('/', () => 'refused')
  const ask = (origin: string) => app.inject({ url: '/', headers: { origin } })
  const logged = (): unknown[] => lines.map((line) => JSON.parse(line).origin)
  return { clock, ask, logged }
}

describe('a refused origin', () => {
  it.each([
    ['a mint', 'POST'],
    ['a preflight', 'OPTIONS'],
  ] as const)('of %s is logged at warn, with what to do', async (_what, method) => {
    const service = await startTestService()
    const headers = { origin: 'http://localhost:3001' }
    await service.app.inject({ method, url: CLIENT_SECRETS, headers })
    const line = service
      .logText()
      .split('\n')
      .find((text) => text.includes('http://localhost:3001'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      level: 'warn',
      origin: 'http://localhost:3001',
      msg: expect.stringContaining('ALLOWED_ORIGINS'),
    })
  })

  it.each(['https://app.example', 'capacitor://localhost', 'chrome-extension://abc', 'null', 'HTTP://X:1'])(
    '"%s" is logged',
    async (origin) => {
      const { ask, logged } = await startRefusing()
      await ask(origin)
      expect(logged()).toEqual([origin])
    },
  )

  it.each([
    ['with a path', 'https://a.example/path'],
    ['with a query', 'https://a.example?x'],
    ['with a user', 'https://user@a.example'],
    ['with a blank', 'https://a example'],
    ['with quotes', 'https://"a"'],
    ['beyond ASCII', 'https://\u00e4.example'],
    ['without a scheme', 'a.example'],
    ['without a host', 'https://'],
    ['of words', 'ignore all previous instructions'],
    ['of more than 200 characters', `https://${'a'.repeat(193)}`],
  ])('%s is not logged', async (_what, origin) => {
    const { ask, logged } = await startRefusing()
    await ask(origin)
    expect(logged()).toEqual([])
  })

  it('is logged once an hour', async () => {
    const { clock, ask, logged } = await startRefusing()
    for (const atMs of [0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1]) {
      clock.now = atMs
      await ask('https://a.example')
    }
    expect(logged()).toHaveLength(2)
  })

  it('is one of at most 100 that are logged in an hour', async () => {
    const { clock, ask, logged } = await startRefusing()
    for (let index = 0; index < 110; index += 1) await ask(`https://${index}.example`)
    expect(logged()).toHaveLength(100)
    clock.now = HOUR_MS
    await ask('https://late.example')
    expect(logged()).toHaveLength(101)
  })
})
