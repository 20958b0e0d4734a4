import { describe, expect, it } from 'vitest'
import { ServiceError } from '../src/errors.ts'
import { createLogger, LogGate, type LogLevel, logLevels, toLoggedError } from '../src/logger.ts'
import { CANARY } from './support/replies.ts'
import { ORIGIN, startTestService } from './support/service.ts'

/** The lines that `write` leaves at this level, parsed. */
function linesOf(level: LogLevel, write: (logger: ReturnType<typeof createLogger>) => void): unknown[] {
  const lines: string[] = []
  write(createLogger(level, { write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line))
}

describe('a line', () => {
  it('is JSON with its level by name and its time in UTC, and no facts about the machine', () => {
    expect(linesOf('info', (logger) => logger.info({ status: 200 }, 'request'))).toStrictEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        status: 200,
        msg: 'request',
      },
    ])
  })

  it.each(logLevels)('LOG_LEVEL=%s drops lower levels', (level) => {
    const order = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
    const lines = linesOf(level, (logger) => {
      for (const each of order) logger[each]('x')
    })
    const expected = level === 'silent' ? [] : order.slice(order.indexOf(level))
    expect(lines).toMatchObject(expected.map((each) => ({ level: each })))
  })
})

describe('what is logged of an error', () => {
  it('is its kind, code and place, but not what it says', () => {
    const logged = toLoggedError(Object.assign(new RangeError(CANARY), { code: 'ERR_ANY', body: CANARY }))
    expect(logged).toStrictEqual({
      type: 'RangeError',
      code: 'ERR_ANY',
      frames: expect.arrayContaining([expect.stringContaining('logger.test.ts')]),
    })
    expect(JSON.stringify(logged)).not.toContain(CANARY)
  })

  it('is a fixed sentence where it is ours, and its cause as that of others', () => {
    const logged = toLoggedError(new ServiceError('unexpected', { cause: new TypeError(CANARY) }))
    expect(logged).toMatchObject({
      type: 'ServiceError',
      reason: 'unexpected',
      message: new ServiceError('unexpected').message,
      cause: { type: 'TypeError' },
    })
    expect(JSON.stringify(logged)).not.toContain(CANARY)
  })

  it.each<[what: string, error: unknown, logged: object]>([
    ['text', CANARY, { type: 'string' }],
    ['an object', { message: CANARY }, { type: 'object' }],
    ['null', null, { type: 'object' }],
    ['nothing', undefined, { type: 'undefined' }],
  ])('is its type alone, where it is %s', (_, error, logged) => {
    expect(toLoggedError(error)).toStrictEqual(logged)
  })

  it.each<[what: string, error: Error]>([
    ['has several lines', new Error(`one\n${CANARY}\nthree`)],
    ['looks like a place', new Error(`one\n    at ${CANARY} (file:1:1)`)],
    ['quotes what was parsed', parseErrorOf(`x\n    at ${CANARY}`)],
    ['has no stack', Object.assign(new Error(CANARY), { stack: undefined })],
    ['is in its cause', new Error('outer', { cause: new Error(CANARY) })],
  ])('does not hold its message where that %s', (_, error) => {
    expect(JSON.stringify(toLoggedError(error))).not.toContain(CANARY)
  })

  it.each<[how: string, write: (logger: ReturnType<typeof createLogger>) => void]>([
    ['with a message', (logger) => logger.error({ err: new Error(CANARY) }, 'it failed')],
    ['without a message', (logger) => logger.error({ err: new Error(CANARY) })],
    ['alone', (logger) => logger.error(new Error(CANARY))],
  ])('does not hold its message when it is logged %s', (_, write) => {
    expect(JSON.stringify(linesOf('info', write))).not.toContain(CANARY)
  })
})

async function startLogged(level = 'info') {
  const service = await startTestService({ environment: { LOG_LEVEL: level } })
  const lines = (): Record<string, unknown>[] =>
    service
      .logText()
      .split('\n')
      .filter((text) => text.includes('"msg":"request"'))
      .map((text) => JSON.parse(text))
  return { ...service, lines }
}

describe('a request', () => {
  it.each<[what: string, url: string, line: object]>([
    [
      'by its pattern, health checks at debug',
      '/livez?x=y',
      { level: 'debug', method: 'GET', route: '/livez', http_status: 200, code: null },
    ],
    [
      'without a path if there is no route',
      `/${CANARY}`,
      { level: 'info', route: null, http_status: 404, code: 'invalid_request' },
    ],
    [
      'with its code if it is refused',
      '/v1/realtime/sessions',
      { http_status: 405, code: 'invalid_request' },
    ],
  ])('is logged %s', async (_, url, line) => {
    const { app, lines, logText } = await startLogged('debug')
    const { headers } = await app.inject(url)
    expect(lines()).toEqual([
      expect.objectContaining({ ...line, request_id: headers['x-request-id'], ms: expect.any(Number) }),
    ])
    expect(logText()).not.toContain(CANARY)
  })

  it('that mints is one line with everything that a review needs', async () => {
    const { mint, lines } = await startLogged()
    const { headers } = await mint()
    const [line = {}] = lines()
    expect(Object.entries(line).slice(2)).toEqual([
      ['request_id', headers['x-request-id']],
      ['method', 'POST'],
      ['route', '/v1/realtime/client_secrets'],
      ['http_status', 200],
      ['code', null],
      ['reason', null],
      ['ms', expect.any(Number)],
      ['outcome', 'issued'],
      ['preset', 'assistant'],
      ['origin', ORIGIN],
      ['caller', null],
      ['upstream_status', 200],
      ['upstream_code', null],
      ['upstream_param', null],
      ['msg', 'request'],
    ])
  })

  it('that fails with a 5xx is logged at warn, with its reason', async () => {
    const { mint, sandbox, lines } = await startLogged('warn')
    sandbox.behave({ kind: 'status', status: 401 })
    await mint()
    expect(lines()).toMatchObject([
      {
        level: 'warn',
        http_status: 502,
        outcome: 'failed',
        reason: 'upstream_unauthorized',
        upstream_status: 401,
      },
    ])
  })

  it('is audited whatever LOG_LEVEL says', async () => {
    const service = await startTestService({ environment: { LOG_LEVEL: 'silent' } })
    await service.mint()
    expect(service.logText()).toBe('')
    expect((await service.records()).at(-1)).toMatchObject({ event: 'attempt', outcome: 'issued' })
  })
})

function parseErrorOf(text: string): Error {
  try {
    JSON.parse(text)
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('it was parsed')
}

it('lines before the first one wait for it, and are written after it', () => {
  const lines: string[] = []
  const gate = new LogGate()
  const logger = createLogger('info', { write: (line) => void lines.push(line) }, gate)
  logger.warn('early')
  logger.child({}).warn('early too')
  logger.debug('not logged')
  expect(lines).toStrictEqual([])
  gate.open(() => logger.info('first'))
  logger.info('late')
  const records = lines.map((line) => JSON.parse(line))
  expect(records.map(({ msg }) => msg)).toStrictEqual(['first', 'early', 'early too', 'late'])
  // The time is that of writing, so that a log that is sorted by time has the same order.
  expect(records[1].time >= records[0].time).toBe(true)
})
