import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Behaviour } from '../sandbox/behaviour.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { inTurn } from './bench/in-turn.ts'
import { attemptPresets, type CanaryAttempt, canaryAttempts, tokenAttempts } from './support/attempts.ts'
import { createEnvironment, startServiceProcess } from './support/process.ts'
import { CANARY } from './support/replies.ts'
import {
  API_KEY,
  AUDIT_KEY,
  breakAudit,
  createTemporaryDirectory,
  startTestService,
} from './support/service.ts'
import { shareService } from './support/shared-service.ts'
import { exchange, listen } from './support/sockets.ts'
import { JWT_SECRET, secretEnvironment } from './support/tokens.ts'

const windows = (secret: string): string[] =>
  Array.from({ length: secret.length - 7 }, (_, start) => secret.slice(start, start + 8))

/** Never to be found in anything that leaves, but for the one secret that a caller asked for. */
const forbidden: readonly (readonly [what: string, is: (text: string) => boolean])[] = [
  ['the API key or a part of it', (text) => windows(API_KEY).some((part) => text.includes(part))],
  ['the audit key', (text) => text.includes(AUDIT_KEY)],
  ['the issuer’s secret', (text) => text.includes(JWT_SECRET)],
  // Encoded JSON begins so.
  ['a token or a part of it', (text) => text.includes('eyJ')],
  ['a client secret', (text) => /ek_/.test(text)],
  ['the prompt', (text) => /pirate|Xylophanes/.test(text)],
  ['upstream’s text', (text) => /Zanzibar|org-1234567|development only|Incorrect API key/.test(text)],
  ['what the caller chose', (text) => text.toLowerCase().includes(CANARY) || text.includes('evil')],
  ['an address', (text) => /203\.0\.113/.test(text)],
]

const leaksIn = (text: string): string[] => forbidden.filter(([, is]) => is(text)).map(([what]) => what)

const environment = { TRUST_PROXY: '127.0.0.1', UPSTREAM_TIMEOUT_MS: '300' }

/** Sends an attempt; its status, and its reply without the one secret that it may hold. */
async function send(port: number, { bytes }: Pick<CanaryAttempt, 'bytes'>) {
  const replies = await exchange(port, bytes)
  const { statusCode, body = '' } = replies.at(-1) ?? {}
  const value = statusCode === 200 ? /"value":"(ek_[^"]+)"/.exec(body)?.[1] : undefined
  const text = JSON.stringify(replies)
  return { status: statusCode, rest: value === undefined ? text : text.replace(value, '') }
}

const tokenEnvironment = { ...environment, ...secretEnvironment, AUTH_SINGLE_USE: 'true' }

describe.each([
  { callers: 'anonymous', settings: environment, attempts: canaryAttempts },
  { callers: 'with tokens', settings: tokenEnvironment, attempts: tokenAttempts },
])('every outcome of callers $callers', ({ settings, attempts }) => {
  const running = shareService({ environment: settings, presets: attemptPresets })

  it.each(attempts)('leaks nothing: $name', async ({ bytes, behaviour, status }) => {
    const service = running()
    service.sandbox.behave(behaviour)
    const reply = await send(await listen(service.app), { bytes })
    expect(reply.status).toBe(status ?? reply.status)
    expect({
      reply: leaksIn(reply.rest),
      audit: leaksIn(await service.auditText()),
      log: leaksIn(service.logText()),
    }).toStrictEqual({ reply: [], audit: [], log: [] })
    expect((await service.auditText()) + service.logText()).not.toContain('127.0.0.1')
  })
})

function named(name: string): CanaryAttempt {
  const found = canaryAttempts.find((attempt) => attempt.name === name)
  if (found === undefined) throw new Error(`there is no attempt called ${name}`)
  return found
}

describe('outcomes of a service in trouble', () => {
  it.each<[string, number, Record<string, string>, Behaviour, 'leave' | 'break' | 'drain']>([
    ['over its limit', 429, { RATE_LIMIT_PER_ADDRESS: '1/day' }, { kind: 'normal' }, 'leave'],
    ['full', 503, { MAX_CONCURRENT_MINTS: '1' }, { kind: 'hang' }, 'leave'],
    ['without its audit', 503, {}, { kind: 'normal' }, 'break'],
    ['that ends', 503, {}, { kind: 'normal' }, 'drain'],
    ['whose log is loud', 504, { LOG_LEVEL: 'trace' }, { kind: 'hang' }, 'leave'],
  ])('%s leak nothing', async (_name, status, settings, behaviour, harm) => {
    const service = await startTestService({
      environment: { ...environment, ...settings },
      presets: attemptPresets,
    })
    const port = await listen(service.app)
    service.sandbox.behave(behaviour)
    if (harm === 'drain') service.lifecycle.phase = 'draining'
    if (harm === 'break') await breakAudit(service.auditDirectory)
    const first = send(port, named('a secret'))
    const replies = await Promise.all([first, send(port, named('a secret with a variable'))])
    expect(replies.map((reply) => reply.status)).toContain(status)
    expect(leaksIn(JSON.stringify(replies))).toStrictEqual([])
    expect(leaksIn(service.logText())).toStrictEqual([])
  })
})

describe.each([
  { callers: 'anonymous', more: {}, attempts: canaryAttempts },
  { callers: 'with tokens', more: tokenEnvironment, attempts: tokenAttempts },
])('a process with callers $callers', ({ more, attempts }) => {
  it('that went through every outcome has nothing of it on stdout, stderr or disk', async () => {
    const sandbox = await startSandbox({ apiKey: API_KEY })
    const directory = await createTemporaryDirectory()
    const presetsFile = join(directory, 'presets.yaml')
    await writeFile(presetsFile, attemptPresets)
    const settings = await createEnvironment(sandbox.baseUrl)
    const service = await startServiceProcess({
      ...settings,
      ...environment,
      RATE_LIMIT_PER_ADDRESS: '1000/second',
      RATE_LIMIT_PER_CALLER: '1000/second',
      PRESETS_FILE: presetsFile,
      LOG_LEVEL: 'trace',
      ...more,
    })
    const port = Number(new URL(service.url).port)
    const statuses = await inTurn(attempts, async (attempt) => {
      sandbox.behave(attempt.behaviour)
      return (await send(port, attempt)).status
    })
    expect(await service.stop()).toBe(0)
    await sandbox.close()
    expect(statuses).toStrictEqual(attempts.map(({ status }, index) => status ?? statuses[index]))

    const auditDirectory = settings['AUDIT_DIR'] ?? ''
    const key = (await readFile(join(auditDirectory, 'audit.key'), 'utf8')).trim()
    const records = (await readdir(auditDirectory)).filter((name) => name !== 'audit.key')
    const files = await Promise.all(records.map((name) => readFile(join(auditDirectory, name), 'utf8')))
    for (const text of [service.stdout(), service.stderr(), records.join('\n'), ...files]) {
      expect(leaksIn(text)).toStrictEqual([])
      expect(text).not.toContain(key)
    }
    expect(files.join('').match(/"event":"attempt"/g)?.length).toBeGreaterThan(attempts.length / 2)
    expect(service.stderr()).toBe('')
  })
})
