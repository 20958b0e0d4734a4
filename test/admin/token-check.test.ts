// Guessed tokens: bounded by address, logged, and without effect on others.
import { expect, it } from 'vitest'
import { createTokenCheck } from '../../src/admin/token-check.ts'
import { createLogger } from '../../src/logger.ts'
import { Secret } from '../../src/secret.ts'
import { parseRecords } from '../support/service.ts'
import { ADMIN_TOKEN, beyondLoopback, startAdminService } from './admin-service.ts'

const RIGHT = `Bearer ${ADMIN_TOKEN}`

function createChecked() {
  let nowMs = 0
  const lines: string[] = []
  const check = createTokenCheck({
    token: new Secret(ADMIN_TOKEN),
    logger: createLogger('info', { write: (line: string) => void lines.push(line) }),
    toPseudonym: (address) => `pseudonym of ${address}`,
    now: () => nowMs,
  })
  function ask(authorization: string | undefined, address = '192.0.2.1'): number {
    try {
      check(authorization, address)
      return 200
    } catch (error) {
      return error instanceof Error && 'status' in error ? Number(error.status) : 0
    }
  }
  return {
    ask,
    guess: (times: number, address = '192.0.2.1') =>
      Array.from({ length: times }, (_, index) => ask(`Bearer guess-${index}`, address)),
    pass: (ms: number) => {
      nowMs += ms
    },
    lines: () => parseRecords(lines.join('')),
  }
}

it('after ten wrong tokens, the guesses of an address are refused for a minute, and the right token passes', () => {
  const { ask, guess, pass } = createChecked()
  expect(new Set(guess(10))).toStrictEqual(new Set([401]))
  expect(guess(1)).toStrictEqual([429])
  expect(ask(RIGHT)).toBe(200)
  expect(guess(1, '192.0.2.2')).toStrictEqual([401])
  pass(59_999)
  expect(guess(1)).toStrictEqual([429])
  pass(1)
  expect(guess(1)).toStrictEqual([401])
})

it('a request without a token is not a guess: browsers send one first', () => {
  const { ask, guess } = createChecked()
  guess(9)
  for (const status of Array.from({ length: 50 }, () => ask(undefined))) expect(status).toBe(401)
  expect(ask(RIGHT)).toBe(200)
})

it('the log has two lines for a minute of guesses, with a pseudonym and no token', () => {
  const { guess, lines } = createChecked()
  guess(1_000)
  expect(lines()).toMatchObject([
    { level: 'warn', address: 'pseudonym of 192.0.2.1', msg: 'admin: a request with a wrong token' },
    { level: 'warn', address: 'pseudonym of 192.0.2.1', msg: expect.stringMatching(/ten wrong tokens/) },
  ])
  expect(JSON.stringify(lines())).not.toContain('guess-')
})

it('after guesses of a thousand addresses, a guess from a new address is refused for a minute', () => {
  const { ask, guess, pass } = createChecked()
  for (let index = 0; index < 1_000; index += 1) guess(1, `address ${index}`)
  expect(guess(1, 'a new address')).toStrictEqual([429])
  expect(ask(RIGHT, 'a new address')).toBe(200)
  pass(60_000)
  expect(guess(1, 'a new address')).toStrictEqual([401])
})

it('over the network, guesses get 401 and then 429 with Retry-After', async () => {
  const { ask, logText } = await startAdminService(beyondLoopback)
  const statuses: number[] = []
  let wait = 0
  for (let index = 0; index < 12; index += 1) {
    const reply = await ask('/', { headers: { authorization: `Bearer canary-${index}` } })
    statuses.push(reply.status)
    wait = Number(reply.headers.get('retry-after'))
  }
  expect(statuses).toStrictEqual([...Array.from({ length: 10 }, () => 401), 429, 429])
  expect(wait).toBeGreaterThan(50)
  expect(logText()).toContain('admin: a request with a wrong token')
  expect(logText()).not.toMatch(/canary|127\.0\.0\.1/)
})
