import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { RecordFields } from '../../src/audit/record.ts'
import { Retention } from '../../src/audit/retention.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { NOON, openTestAudit, recordIssued } from './audits.ts'
import { headOf, keys, type ReadFile, readChains } from './writers.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** One file for each of the `days` before today. */
async function createFiles(directory: string, days: readonly number[]): Promise<readonly ReadFile[]> {
  await inTurn(days, async (day) => {
    const { audit } = await openTestAudit({ directory, startedAt: NOON - day * DAY, retentionDays: 0 })
    await recordIssued(audit, `${day} days ago`)
    await audit.close()
  })
  return readChains(directory)
}

const list = async (directory: string): Promise<string[]> => (await readdir(directory)).toSorted()

interface TestRetention {
  readonly retention: Retention
  /** Lets time pass, on both clocks. */
  readonly pass: (ms: number) => void
  /** Sets the clock of the machine. */
  readonly jump: (ms: number) => void
  readonly upstream: { offsetMs: number | null }
  readonly removed: readonly unknown[]
  readonly kept: readonly string[]
  /** What the next appends fail with. */
  readonly problems: Error[]
}

/** A process that started now. */
function startRetention(directory: string, days = 10): TestRetention {
  const clock = { unix: NOON, monotonic: 5_000 }
  const upstream: { offsetMs: number | null } = { offsetMs: null }
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
  const pass = (ms: number): void => {
    clock.unix += ms
    clock.monotonic += ms
  }
  const jump = (ms: number): void => void (clock.unix += ms)
  return { retention, pass, jump, upstream, removed, kept, problems }
}

/** A process that runs for a day, and then looks for old files. */
async function runForADay(directory: string, days?: number): Promise<TestRetention> {
  const started = startRetention(directory, days)
  started.pass(DAY)
  await started.retention.run()
  return started
}

describe('retention', () => {
  it('removes files that are too old, each after a record of its head, and touches no other', async () => {
    const directory = await createTemporaryDirectory()
    const before = await createFiles(directory, [400, 12, 10, 9, 1])
    const { removed, kept } = await runForADay(directory)
    expect(await readChains(directory)).toStrictEqual(before.slice(3))
    expect(removed).toStrictEqual(before.slice(0, 3).map(headOf))
    expect(kept).toStrictEqual([])
  })

  it('looks once an hour', async () => {
    const directory = await createTemporaryDirectory()
    const addOldFile = () =>
      writeFile(join(directory, 'audit-20200101T000000000Z-0123456789abcdef.jsonl'), 'old\n')
    const { retention, pass } = await runForADay(directory)
    await addOldFile()
    pass(HOUR - 1)
    await retention.run()
    expect(await list(directory)).toHaveLength(1)
    pass(1)
    await retention.run()
    expect(await list(directory)).toHaveLength(0)
  })

  it('keeps all files with 0 days', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [4_000])
    const { removed } = await runForADay(directory, 0)
    expect(await list(directory)).toHaveLength(1)
    expect(removed).toStrictEqual([])
  })

  it('runs in a service, and puts each removal on record', async () => {
    const directory = await createTemporaryDirectory()
    const before = await createFiles(directory, [20, 1])
    const { clock } = await openTestAudit({ directory, retentionDays: 10 })
    clock.now += DAY
    clock.monotonic += DAY
    await vi.waitFor(async () => expect(await list(directory)).not.toContain(before[0]?.name), {
      timeout: 5_000,
    })
    const removals = (await readChains(directory)).flatMap(({ lines }) =>
      lines.filter(({ event }) => event === 'removed').map(({ detail }) => detail),
    )
    expect(removals).toStrictEqual(before.slice(0, 1).map(headOf))
  })

  it('may run in two processes at once: both record what they remove, and neither fails', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(
      directory,
      Array.from({ length: 20 }, (_, index) => 400 - index),
    )
    const both = await Promise.all([runForADay(directory), runForADay(directory)])
    expect(await list(directory)).toStrictEqual([])
    expect(both.flatMap(({ kept }) => kept)).toStrictEqual([])
    expect(new Set(both.flatMap(({ removed }) => removed).map((head) => JSON.stringify(head))).size).toBe(20)
  })

  it('goes by the sealed name and time: a file that was made to look old stays', async () => {
    const directory = await createTemporaryDirectory()
    const [file] = await createFiles(directory, [1])
    await utimes(join(directory, file?.name ?? ''), 0, 0)
    await runForADay(directory)
    expect(await list(directory)).toContain(file?.name)
  })

  it('removes a file that was renamed to look old: verify misses its own name', async () => {
    const directory = await createTemporaryDirectory()
    const [file] = await createFiles(directory, [1])
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await rename(join(directory, file?.name ?? ''), join(directory, name))
    const { removed } = await runForADay(directory)
    expect(removed).toMatchObject([{ file: name, mac: file?.lines.at(-1)?.mac }])
  })

  it('removes an old file without one good line', async () => {
    const directory = await createTemporaryDirectory()
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await writeFile(join(directory, name), 'old\n')
    const { removed } = await runForADay(directory)
    expect(removed).toStrictEqual([{ file: name, seq: null, mac: null }])
  })

  it.each([
    'audit.key',
    'notes.txt',
    'audit-2020.jsonl',
    'audit-20200101T000000000Z-0123456789abcdef.jsonl.gz',
  ])('leaves other files alone, such as %s', async (name) => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, name), 'old')
    await createFiles(directory, [400])
    await runForADay(directory, 1)
    expect(await list(directory)).toStrictEqual([name])
    expect(await readFile(join(directory, name), 'utf8')).toBe('old')
  })

  it('keeps a file while its removal cannot be recorded, and tries again in an hour', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [20, 19])
    const { retention, pass, problems, kept } = startRetention(directory)
    problems.push(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    pass(DAY)
    await retention.run()
    await retention.run()
    expect(await list(directory)).toHaveLength(2)
    expect(kept).toStrictEqual(['ENOSPC'])
    pass(HOUR)
    await retention.run()
    expect(await list(directory)).toHaveLength(0)
  })
})

describe('retention with a wrong clock', () => {
  it('removes nothing in the first day of a process: its clock may be 100 days ahead', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [100])
    const { retention, pass, removed } = startRetention(directory)
    await retention.run()
    pass(DAY - 1)
    await retention.run()
    expect(removed).toStrictEqual([])
    pass(1)
    await retention.run()
    expect(removed).toHaveLength(1)
  })

  it.each([100 * DAY, -100 * DAY, DAY + 1])(
    'removes nothing while the clock is %i ms ahead of the upstream’s, and says so once an hour',
    async (offsetMs) => {
      const directory = await createTemporaryDirectory()
      await createFiles(directory, [20])
      const { retention, pass, upstream, kept } = startRetention(directory)
      upstream.offsetMs = offsetMs
      pass(2 * DAY)
      await retention.run()
      await retention.run()
      expect(await list(directory)).toHaveLength(1)
      expect(kept).toStrictEqual(['clock_disagrees'])
      upstream.offsetMs = DAY
      pass(HOUR)
      await retention.run()
      expect(await list(directory)).toHaveLength(0)
    },
  )

  it('removes nothing in the day after the clock jumped ahead, as that of a suspended machine does', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [1])
    const { retention, pass, jump, kept } = await runForADay(directory)
    jump(100 * DAY)
    pass(HOUR)
    await retention.run()
    pass(DAY - 1)
    await retention.run()
    expect(await list(directory)).toHaveLength(1)
    expect(kept).toStrictEqual(['clock_jumped'])
    pass(1)
    await retention.run()
    expect(await list(directory)).toHaveLength(0)
  })

  it('adds small jumps up', async () => {
    const directory = await createTemporaryDirectory()
    const { retention, jump, kept } = startRetention(directory)
    await inTurn(Array.from({ length: 100 }), async () => {
      jump(HOUR)
      await retention.run()
    })
    expect(kept).toHaveLength(4)
  })

  it('removes nothing when the clock is set back, and nothing at once when it is set right again', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [9])
    const { retention, pass, jump, removed } = await runForADay(directory)
    jump(-100 * DAY)
    await retention.run()
    pass(2 * DAY)
    await retention.run()
    jump(100 * DAY)
    await retention.run()
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
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [1, 100, 99])
    const { removed } = await runForADay(directory)
    expect(await list(directory)).toHaveLength(3)
    expect(removed).toStrictEqual([])
  })
})
