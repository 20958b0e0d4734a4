// The commands pause, resume and pauses, on the stores that a service in this process uses.
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Misuse } from '../../src/cli/arguments.ts'
import { runExplain } from '../../src/cli/explain.ts'
import { runPause, runPauses, runResume } from '../../src/cli/pauses.ts'
import type { Environment } from '../../src/config.ts'
import { describeRedis, startRedis } from '../support/redis.ts'
import { refusalOf } from '../support/replies.ts'
import {
  AUDIT_KEY,
  createTemporaryDirectory,
  ORIGIN,
  startTestService,
  writePresets,
} from '../support/service.ts'
import { JWT_SECRET, SUBJECT, secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { type RunOptions, runCommand, type Said, settings } from './running.ts'

const paused = [503, 'paused', null]
const now = Date.now

async function start(own: Environment = {}) {
  const service = await startTestService({ environment: own })
  const environment = { AUDIT_DIR: service.auditDirectory, AUDIT_KEY, ...own }
  const options: RunOptions = { environment, now }
  return {
    ...service,
    environment,
    pause: (...args: readonly string[]): Promise<Said> => runCommand(runPause, args, options),
    resume: (...args: readonly string[]): Promise<Said> => runCommand(runResume, args, options),
    list: (...args: readonly string[]): Promise<Said> => runCommand(runPauses, args, options),
    /** As the service notices it, without the wait. */
    notice: () => service.pauses.sync(),
  }
}

describe('without the admin listener', () => {
  it('pause stops a running service, pauses shows it, and resume ends it', async () => {
    const { pause, resume, list, mint, notice, records } = await start()
    const said = await pause('--preset', 'assistant', '--for', '1h', '--note', 'see the ticket')
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(said.stdout).toMatch(
      /^Paused: preset assistant\. The pause ends \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\. .*\nrealtime-mint resume --preset assistant ends it\.\n$/,
    )
    await notice()
    expect(refusalOf(await mint())).toEqual(paused)
    expect((await list()).stdout).toMatch(
      /^preset assistant\n {2}since [\dT:-]+Z by command line, ends [\dT:-]+Z\n {2}see the ticket\n$/,
    )
    expect(await resume('--preset', 'assistant')).toMatchObject({ code: 0, stderr: '' })
    await notice()
    expect((await mint()).statusCode).toBe(200)
    expect(await list()).toMatchObject({ code: 0, stdout: 'Nothing is paused.\n' })
    const details = (await records()).filter(({ event }) => event === 'pause').map(({ detail }) => detail)
    expect(details).toMatchObject([
      { state: 'paused', by: 'command line' },
      { state: 'resumed', by: 'command line' },
    ])
  })

  it.each([
    ['subject', SUBJECT],
    ['pseudonym', undefined],
  ])('pause takes a caller as %s', async (_what, subject) => {
    const { pause, mint, notice, records } = await start(secretEnvironment)
    const ask = () => mint({ preset: 'assistant' }, toBearer(toToken()))
    await ask()
    const pseudonym = String((await records()).find(({ event }) => event === 'attempt')?.['caller'])
    const said = await pause('--caller', subject ?? pseudonym)
    expect(said.stdout).toContain(`realtime-mint resume --caller ${pseudonym} ends it.`)
    expect(said.stdout).not.toContain(SUBJECT)
    await notice()
    expect(refusalOf(await ask())).toEqual(paused)
  })

  it('resume says what stays paused, and that there is no such pause', async () => {
    const { pause, resume } = await start()
    await pause('--all')
    await pause('--preset', 'assistant')
    expect((await resume('--all')).stdout).toMatch(/\nStill paused:\n {2}preset assistant, has no end\n$/)
    expect(await resume('--all')).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'realtime-mint resume: there is no pause of all mints.\nStill paused:\n  preset assistant, has no end\n',
    })
  })

  it('all of them print JSON for programs', async () => {
    const { pause, resume, list } = await start()
    expect(JSON.parse((await pause('--all', '--json')).stdout)).toEqual({
      survives_restart: true,
      reaches_replicas: null,
    })
    expect(JSON.parse((await list('--json')).stdout)).toMatchObject({
      pauses: [{ scope: 'all', value: null, until: null, by: 'command line', note: null }],
    })
    expect(JSON.parse((await resume('--all', '--json')).stdout)).toMatchObject({ survives_restart: true })
  })

  it.each<[what: string, args: readonly string[], message: RegExp]>([
    ['no scope', [], /takes one of --preset, --origin, --caller and --all\.$/],
    ['two scopes', ['--all', '--preset', 'x'], /takes one of --preset/],
    ['a duration of no unit', ['--all', '--for', '5'], /takes --for like 15m, 1h or 7d, up to a year\.$/],
    ['a note of two lines', ['--all', '--note', 'a\nb'], /takes --note as one line of up to 200 /],
    [
      'a shortened pseudonym',
      ['--caller', '0123abcd'],
      /takes --caller as all 32 digits of a pseudonym, .+ audit query --caller/,
    ],
    ['an unknown option', ['--al'], /has no such option\. Did you mean --all\?/],
  ])('pause refuses %s, and pauses nothing', async (_what, args, message) => {
    const { pause, list } = await start()
    await expect(pause(...args)).rejects.toThrow(message)
    expect((await list()).stdout).toBe('Nothing is paused.\n')
  })

  it.each([
    ['voice-assistant', ' Did you mean --preset voice-assistant?'],
    ['all', ' Did you mean --all?'],
    [AUDIT_KEY, ''],
  ])('pause and resume take no name without its option: %s', async (operand, hint) => {
    const { pause, resume } = await start()
    const message = `takes the scope as an option: --preset, --origin, --caller or --all.${hint}`
    await expect(pause(operand)).rejects.toThrow(new Misuse(message))
    await expect(resume(operand, '--json')).rejects.toThrow(new Misuse(message))
  })

  it.each([
    ['preset', 'asistant', 'Did you mean assistant?'],
    ['origin', 'https://ap.example.com', `Did you mean ${ORIGIN}?`],
  ])('pause refuses a mistyped %s where it knows the settings of the service', async (scope, value, hint) => {
    const { pause, environment } = await start()
    const whole = { ...environment, ...settings, PRESETS_FILE: await writePresets() }
    const said = runCommand(runPause, [`--${scope}`, value], { environment: whole, now })
    await expect(said).rejects.toThrow(hint)
    expect((await pause(`--${scope}`, value)).code).toBe(0)
  })

  it('pause exits with 3 where no service can know of it', async () => {
    const missing = join(await createTemporaryDirectory(), 'missing')
    const said = await runCommand(runPause, ['--all'], { environment: { AUDIT_DIR: missing }, now })
    expect(said).toMatchObject({ code: 3, stdout: '' })
    expect(said.stderr).toMatch(
      /^realtime-mint pause: AUDIT_DIR cannot be written \(ENOENT\): no service knows of it\./,
    )
  })

  it.each([
    ['pauses', runPauses, []],
    ['resume', runResume, ['--all']],
  ] as const)('%s exits with 3 where AUDIT_DIR is not there', async (_name, command, words) => {
    const missing = join(await createTemporaryDirectory(), 'missing')
    const said = await runCommand(command, [...words], { environment: { AUDIT_DIR: missing }, now })
    expect(said).toMatchObject({ code: 3, stdout: '' })
    expect(said.stderr).toBe(
      'AUDIT_DIR cannot be read (ENOENT). Run this where the service runs, with its settings.\n',
    )
  })

  it('pause says which setting is missing for a caller in plain text', async () => {
    const environment = { AUDIT_DIR: await createTemporaryDirectory() }
    expect(await runCommand(runPause, ['--caller', SUBJECT], { environment, now })).toEqual({
      code: 3,
      stdout: '',
      stderr: 'A caller in plain text needs the audit key. Set AUDIT_KEY_FILE, or give the pseudonym.\n',
    })
  })
})

async function explain(own: Environment, ...args: readonly string[]): Promise<Said> {
  const environment = { ...settings, PRESETS_FILE: await writePresets(), ...own }
  const page = ['--preset', 'assistant', '--origin', ORIGIN]
  return runCommand(runExplain, [...page, ...args], { environment, now })
}

describe('explain', () => {
  it.each<[what: string, own: Environment, pause: readonly string[], args: readonly string[], rule: string]>([
    ['all mints', {}, ['--all'], [], 'all mints are paused by command line, without an end'],
    [
      'a caller',
      { ...secretEnvironment },
      ['--caller', SUBJECT],
      ['--token', 'TOKEN'],
      'the caller is paused by',
    ],
    ['an address', {}, ['--caller', '192.0.2.7'], ['--address', '192.0.2.7'], 'the caller is paused by'],
  ])('tells the pause of %s', async (_what, own, pause, args, rule) => {
    const service = await start(own)
    await service.pause(...pause)
    const given = args.map((arg) => (arg === 'TOKEN' ? toToken() : arg))
    const { code, stdout } = await explain(service.environment, ...given)
    expect(code).toBe(1)
    expect(stdout).toContain(`\npauses  refuses ${rule}`)
    expect(stdout).toMatch(/\nrefuse: 503 paused \(paused_(?:all|caller)\)\. The operator paused this\./)
    expect(stdout).not.toContain(JWT_SECRET)
  })
})

describeRedis('with Redis', () => {
  it('pause reaches services whose AUDIT_DIR is elsewhere', async () => {
    const { url } = await startRedis()
    const { pauses, mint } = await start({ REDIS_URL: url })
    const environment = { REDIS_URL: url, AUDIT_DIR: join(await createTemporaryDirectory(), 'missing') }
    const said = await runCommand(runPause, ['--all', '--json'], { environment, now })
    expect(said).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(said.stdout)).toEqual({ survives_restart: false, reaches_replicas: true })
    const elsewhere = { REDIS_URL: url, AUDIT_DIR: await createTemporaryDirectory() }
    const listed = await runCommand(runPauses, [], { environment: elsewhere, now })
    expect(listed.stdout).toMatch(/^all mints\n/)
    // It only looks.
    expect(await readdir(elsewhere.AUDIT_DIR)).toEqual([])
    await pauses.sync()
    expect(refusalOf(await mint())).toEqual(paused)
  })

  it('pause exits with 3 while Redis is unavailable, and the services of this AUDIT_DIR apply it', async () => {
    const server = await startRedis()
    const { pause, list, notice, mint } = await start({ REDIS_URL: server.url })
    await server.kill()
    const said = await pause('--all')
    expect(said).toMatchObject({ code: 3, stdout: '' })
    expect(said.stderr).toMatch(
      /Redis is unavailable \(unreachable\): only services that use this AUDIT_DIR know of it/,
    )
    expect(await list()).toMatchObject({ code: 3, stdout: expect.stringMatching(/^all mints\n/) })
    await notice()
    expect(refusalOf(await mint())).toEqual(paused)
  })

  it('pause says when neither store takes it', async () => {
    const server = await startRedis()
    const { pause, auditDirectory } = await start({ REDIS_URL: server.url })
    await server.kill()
    await writeFile(join(auditDirectory, 'pauses'), '')
    const { code, stderr } = await pause('--all')
    expect(code).toBe(3)
    expect(stderr).toMatch(
      /AUDIT_DIR cannot be written \(ENOTDIR\), and Redis is unavailable \(unreachable\): no service/,
    )
    await rm(join(auditDirectory, 'pauses'))
  })
})
