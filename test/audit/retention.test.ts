import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { RecordFields } from '../../src/audit/record.ts'
import { Retention } from '../../src/audit/retention.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { NOON, openTestAudit, recordIssued } from './audits.ts'
import { keys, OLD_NAME } from './fields.ts'
import { headOf, linesIn, readChains } from './writers.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A directory with one file for each of the `days` before today. */
async function createFiles(...days: readonly number[]) {
  const directory = await createTemporaryDirectory()
  await inTurn(days, async (day) => {
    const { audit } = await openTestAudit({ directory, startedAt: NOON - day * DAY, retentionDays: 0 })
    await recordIssued(audit, `${day} days ago`)
    await audit.close()
  })
  const list = async (): Promise<string[]> => (await readdir(directory)).toSorted()
  return { directory, list, before: await readChains(directory) }
}

/** A process that started now. */
function startRetention(directory: string, days = 10) {
  const clock = { unix: NOON, monotonic: 5_000 }
  const upstream: { offsetMs: number | null } = { offsetMs: null }
  /** What the next appends fail with. */
  const problems: Error[] = []
  const removed: unknown[] = []
  const kept: string[] = []
  const retention = new Retention({
    directory,
    days,
    key: keys.chain,
    append: async ({ detail }: RecordFields) => {
      const problem = problems.pop()
      if (problem !== undefined) throw problem
      removed.push(detail)
    },
    unixNow: () => clock.unix,
    monotonicNow: () => clock.monotonic,
    clockOffsetMs: () => upstream.offsetMs,
    onKept: (cause) => void kept.push(cause),
  })
  /** Lets time pass on both clocks, and looks for old files. */
  async function passAndRun(ms: number): Promise<void> {
    clock.unix += ms
    clock.monotonic += ms
    await retention.run()
  }
  /** Sets the clock of the machine. */
  const jump = (ms: number): void => void (clock.unix += ms)
  return { run: () => retention.run(), passAndRun, jump, upstream, removed, kept, problems }
}

/** A process that runs for a day, and then looks for old files. */
async function runForADay(directory: string, days?: number) {
  const started = startRetention(directory, days)
  await started.passAndRun(DAY)
  return started
}

describe('retention', () => {
  it('removes files that are too old, each after a record of its head, and touches no other', async () => {
    const { directory, before } = await createFiles(400, 12, 10, 9, 1)
    const { removed, kept } = await runForADay(directory)
    expect(await readChains(directory)).toStrictEqual(before.slice(3))
    expect(removed).toStrictEqual(before.slice(0, 3).map(headOf))
    expect(kept).toStrictEqual([])
  })

  it('looks once an hour, and also removes files without one good line', async () => {
    const { directory, list } = await createFiles()
    const { passAndRun, removed } = await runForADay(directory)
    await writeFile(join(directory, OLD_NAME), 'old\n')
    await passAndRun(HOUR - 1)
    expect(await list()).toHaveLength(1)
    await passAndRun(1)
    expect(await list()).toHaveLength(0)
    expect(removed).toStrictEqual([{ file: OLD_NAME, seq: null, mac: null }])
  })

  it('keeps all files with 0 days', async () => {
    const { directory, list } = await createFiles(4_000)
    const { removed } = await runForADay(directory, 0)
    expect([await list(), removed]).toMatchObject([{ length: 1 }, []])
  })

  it('runs in a service, and puts each removal on record', async () => {
    const { directory, list, before } = await createFiles(20, 1)
    const { clock } = await openTestAudit({ directory, retentionDays: 10 })
    clock.now += DAY
    clock.monotonic += DAY
    await vi.waitFor(async () => expect(await list()).not.toContain(before[0]?.name), { timeout: 5_000 })
    const removals = (await linesIn(directory)).filter(({ event }) => event === 'removed')
    expect(removals.map(({ detail }) => detail)).toStrictEqual(before.slice(0, 1).map(headOf))
  })

  it('may run in two processes at once: both record what they remove, and neither fails', async () => {
    const { directory, list } = await createFiles(...Array.from({ length: 20 }, (_, index) => 400 - index))
    const both = await Promise.all([runForADay(directory), runForADay(directory)])
    expect(await list()).toStrictEqual([])
    expect(both.flatMap(({ kept }) => kept)).toStrictEqual([])
    expect(new Set(both.flatMap(({ removed }) => removed).map((head) => JSON.stringify(head))).size).toBe(20)
  })

  it('goes by the sealed name and time: a file that was made to look old stays', async () => {
    const { directory, list, before } = await createFiles(1)
    await utimes(join(directory, before[0]?.name ?? ''), 0, 0)
    await runForADay(directory)
    expect(await list()).toStrictEqual([before[0]?.name])
  })

  it('removes a file that was renamed to look old: verify misses its own name', async () => {
    const { directory, before } = await createFiles(1)
    const [file] = before
    await rename(join(directory, file?.name ?? ''), join(directory, OLD_NAME))
    const { removed } = await runForADay(directory)
    expect(removed).toMatchObject([{ file: OLD_NAME, mac: file?.lines.at(-1)?.mac }])
  })

  it.each(['audit.key', 'notes.txt', 'audit-2020.jsonl', `${OLD_NAME}.gz`])(
    'leaves other files alone, such as %s',
    async (name) => {
      const { directory, list } = await createFiles(400)
      await writeFile(join(directory, name), 'old')
      await runForADay(directory, 1)
      expect(await list()).toStrictEqual([name])
      expect(await readFile(join(directory, name), 'utf8')).toBe('old')
    },
  )

  it('keeps a file while its removal cannot be recorded, and tries again in an hour', async () => {
    const { directory, list } = await createFiles(20, 19)
    const { run, passAndRun, problems, kept } = startRetention(directory)
    problems.push(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    await passAndRun(DAY)
    await run()
    expect(await list()).toHaveLength(2)
    expect(kept).toStrictEqual(['ENOSPC'])
    await passAndRun(HOUR)
    expect(await list()).toHaveLength(0)
  })
})

describe('retention with a wrong clock', () => {
  it('removes nothing in the first day of a process: its clock may be 100 days ahead', async () => {
    const { directory } = await createFiles(100)
    const { run, passAndRun, removed } = startRetention(directory)
    await run()
    await passAndRun(DAY - 1)
    expect(removed).toStrictEqual([])
    await passAndRun(1)
    expect(removed).toHaveLength(1)
  })

  it.each([100 * DAY, -100 * DAY, DAY + 1])(
    'removes nothing while the clock is %i ms ahead of the upstream’s, and says so once an hour',
    async (offsetMs) => {
      const { directory, list } = await createFiles(20)
      const { run, passAndRun, upstream, kept } = startRetention(directory)
      upstream.offsetMs = offsetMs
      await passAndRun(2 * DAY)
      await run()
      expect(await list()).toHaveLength(1)
      expect(kept).toStrictEqual(['clock_disagrees'])
      upstream.offsetMs = DAY
      await passAndRun(HOUR)
      expect(await list()).toHaveLength(0)
    },
  )

  it('removes nothing in the day after the clock jumped ahead, as that of a suspended machine does', async () => {
    const { directory, list } = await createFiles(1)
    const { passAndRun, jump, kept } = await runForADay(directory)
    jump(100 * DAY)
    await passAndRun(HOUR)
    await passAndRun(DAY - 1)
    expect(await list()).toHaveLength(1)
    expect(kept).toStrictEqual(['clock_jumped'])
    await passAndRun(1)
    expect(await list()).toHaveLength(0)
  })

  it('adds small jumps up', async () => {
    const { run, jump, kept } = startRetention(await createTemporaryDirectory())
    await inTurn(Array.from({ length: 100 }), () => {
      jump(HOUR)
      return run()
    })
    expect(kept).toHaveLength(4)
  })

  it('removes nothing when the clock is set back, and nothing at once when it is set right again', async () => {
    const { directory } = await createFiles(9)
    const { run, passAndRun, jump, removed } = await runForADay(directory)
    jump(-100 * DAY)
    await run()
    await passAndRun(2 * DAY)
    jump(100 * DAY)
    await run()
    expect(removed).toStrictEqual([])
  })

  it('keeps a file that was opened while the clock was behind, by its last line', async () => {
    const directory = await createTemporaryDirectory()
    const { audit, clock } = await openTestAudit({ directory, startedAt: 0 })
    clock.now = NOON
    await audit.close()
    const { removed } = await runForADay(directory)
    expect(removed).toStrictEqual([])
  })

  it('keeps files that were written while the clock was behind, by the newer files that they name', async () => {
    const { directory, list } = await createFiles(1, 100, 99)
    const { removed } = await runForADay(directory)
    expect(await list()).toHaveLength(3)
    expect(removed).toStrictEqual([])
  })
})
