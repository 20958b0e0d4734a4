import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { attempted, createPauses, everything, MINUTE_MS, NOW, ofPreset } from './pausing.ts'

/** The reason of the refusal; undefined where the attempt passes. */
function refusalOf(check: () => void): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return error.reason
  }
}

const person = { subject: 'person-7', claims: {}, singleUse: null }

describe('a pause', () => {
  it.each([
    ['all mints', 'all', null, attempted],
    ['a preset', 'preset', 'assistant', attempted],
    ['an origin', 'origin', 'https://app.example.com', attempted],
    ['a caller', 'caller', 'caller(person-7)', { ...attempted, caller: person }],
    [
      'an address, with or without a token',
      'caller',
      'address(203.0.113.9)',
      { ...attempted, caller: person },
    ],
  ] as const)('of %s stops its attempts and no others', async (_what, scope, value, facts) => {
    const { pauses } = createPauses(await createTemporaryDirectory())
    await pauses.pause({ ...everything, scope, value })
    expect(refusalOf(() => pauses.check(facts))).toBe(`paused_${scope}`)
    const other = { preset: null, origin: 'other', caller: { ...person, subject: 'x' }, address: '192.0.2.1' }
    expect(refusalOf(() => pauses.check(other))).toBe(scope === 'all' ? 'paused_all' : undefined)
  })

  it('ends by itself at its end, to the millisecond', async () => {
    const { pauses, clock, changes } = createPauses(await createTemporaryDirectory())
    await pauses.pause({ ...everything, forMs: MINUTE_MS })
    clock.nowMs = NOW + MINUTE_MS - 1
    expect(refusalOf(() => pauses.check(attempted))).toBe('paused_all')
    clock.nowMs += 1
    expect(refusalOf(() => pauses.check(attempted))).toBeUndefined()
    expect(pauses.list()).toEqual([])
    await pauses.sync()
    await pauses.sync()
    expect(changes.map(({ change }) => change)).toEqual(['paused', 'expired'])
  })

  it('ends also where the clock is behind that of the process that paused', async () => {
    const directory = await createTemporaryDirectory()
    const ahead = createPauses(directory, { clock: { nowMs: NOW + MINUTE_MS } })
    await ahead.pauses.pause(everything)
    const { pauses } = createPauses(directory)
    await pauses.sync()
    await pauses.resume(everything)
    await ahead.pauses.sync()
    expect([pauses.list(), ahead.pauses.list()]).toEqual([[], []])
  })

  it('of a scope that is paused replaces the earlier one', async () => {
    const { pauses, changes } = createPauses(await createTemporaryDirectory())
    await pauses.pause({ ...everything, note: 'first' })
    await pauses.pause({ ...everything, note: 'second', forMs: MINUTE_MS })
    expect(pauses.list()).toMatchObject([{ note: 'second', until: NOW + MINUTE_MS }])
    expect(changes.map(({ change }) => change)).toEqual(['paused', 'paused'])
  })

  it('beyond 100 is refused, while one of them can still be changed', async () => {
    const { pauses } = createPauses(await createTemporaryDirectory())
    await Promise.all(Array.from({ length: 100 }, (_, count) => pauses.pause(ofPreset(`p${count}`))))
    expect(await pauses.pause(everything)).toBe('too_many')
    expect(await pauses.pause(ofPreset('p7', { forMs: MINUTE_MS }))).toMatchObject({ filesFault: null })
  })
})

describe('in AUDIT_DIR', () => {
  it('pauses of many processes at the same time are all kept', async () => {
    const directory = await createTemporaryDirectory()
    const processes = Array.from({ length: 20 }, () => createPauses(directory).pauses)
    await Promise.all(processes.map((pauses, index) => pauses.pause(ofPreset(`p${index}`))))
    const { pauses } = createPauses(directory)
    await pauses.sync()
    expect(pauses.list()).toHaveLength(20)
  })

  it.each<[what: string, toName: (name: string) => string, length: number, faults: readonly string[]]>([
    ['a half-written file', (name) => name, 40, ['invalid_file']],
    ['an empty file', (name) => name, 0, ['invalid_file']],
    ['a copy under another name', () => `${'0'.repeat(16)}.json`, Infinity, ['invalid_file']],
    ['a draft that a crash left', (name) => `${name}.0123456789abcdef`, Infinity, []],
    ['a file of someone else', () => 'notes.txt', Infinity, []],
  ])(
    '%s pauses nothing, and a file that should is reported once',
    async (_what, toName, length, expected) => {
      const [source, directory] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
      await createPauses(source).pauses.pause(everything)
      const [name = ''] = await readdir(join(source, 'pauses'))
      const text = await readFile(join(source, 'pauses', name), 'utf8')
      await mkdir(join(directory, 'pauses'))
      await writeFile(join(directory, 'pauses', toName(name)), text.slice(0, length))
      const { pauses, faults } = createPauses(directory)
      await pauses.sync()
      await pauses.sync()
      expect([pauses.list(), faults]).toEqual([[], expected])
    },
  )

  it('a change is noticed although the directory has the time of the change before it', async () => {
    const directory = await createTemporaryDirectory()
    const clock = { nowMs: Date.now() }
    const [one, other] = [createPauses(directory, { clock }), createPauses(directory, { clock })]
    const keepTime = (): Promise<void> => utimes(join(directory, 'pauses'), 0, clock.nowMs / 1000)
    await one.pauses.pause(ofPreset('assistant'))
    await keepTime()
    await other.pauses.sync()
    await one.pauses.pause(everything)
    await keepTime()
    await other.pauses.sync()
    expect(other.pauses.list()).toHaveLength(2)
  })

  it('a pause that is known stays in effect when its file is damaged or removed, and is written again', async () => {
    const directory = await createTemporaryDirectory()
    const { pauses } = createPauses(directory)
    await pauses.pause(everything)
    const [name = ''] = await readdir(join(directory, 'pauses'))
    await writeFile(join(directory, 'pauses', name), '{')
    await pauses.sync()
    expect(pauses.list()).toHaveLength(1)
    await rm(join(directory, 'pauses'), { recursive: true })
    await pauses.sync()
    const restarted = createPauses(directory)
    await restarted.pauses.sync()
    expect(restarted.pauses.list()).toHaveLength(1)
  })

  it('says that a pause could not be stored, keeps it, and stores it when that works again', async () => {
    const directory = await createTemporaryDirectory()
    const { pauses, faults } = createPauses(directory)
    await writeFile(join(directory, 'pauses'), '')
    expect(await pauses.pause(everything)).toEqual({ filesFault: 'ENOTDIR', redisFault: undefined })
    expect(pauses.list()).toHaveLength(1)
    await rm(join(directory, 'pauses'))
    expect(await pauses.sync()).toEqual({ filesFault: null, redisFault: undefined })
    expect(faults).toEqual(['ENOTDIR', null])
  })

  it('nothing is created where there is no AUDIT_DIR', async () => {
    const directory = join(await createTemporaryDirectory(), 'missing')
    const { pauses } = createPauses(directory)
    expect(await pauses.sync()).toEqual({ filesFault: null, redisFault: undefined })
    expect(await pauses.pause(everything)).toEqual({ filesFault: 'ENOENT', redisFault: undefined })
    await expect(stat(directory)).rejects.toThrow('ENOENT')
  })

  it('a resumed scope stays resumed when an older pause of it returns', async () => {
    const directory = await createTemporaryDirectory()
    const { pauses, clock } = createPauses(directory)
    await pauses.pause(everything)
    const backup = join(await createTemporaryDirectory(), 'pauses')
    await rename(join(directory, 'pauses'), backup)
    clock.nowMs += MINUTE_MS
    await pauses.resume({ scope: 'all', value: null, by: 'command line' })
    await rm(join(directory, 'pauses'), { recursive: true })
    await rename(backup, join(directory, 'pauses'))
    await pauses.sync()
    expect(pauses.list()).toEqual([])
  })

  it('the file of a pause that ended is removed after 30 days', async () => {
    const directory = await createTemporaryDirectory()
    await mkdir(join(directory, 'pauses'))
    const { pauses, clock } = createPauses(directory)
    await pauses.pause({ ...everything, forMs: MINUTE_MS })
    clock.nowMs = NOW + 30 * 86_400_000
    await pauses.sync()
    expect(await readdir(join(directory, 'pauses'))).toHaveLength(1)
    clock.nowMs += MINUTE_MS
    await pauses.sync()
    expect(await readdir(join(directory, 'pauses'))).toEqual([])
  })
})
