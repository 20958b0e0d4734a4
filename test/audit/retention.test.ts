import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Retention } from '../../src/audit/retention.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { NOON, openTestAudit, recordIssued } from './audits.ts'
import { headOf, keys, type ReadFile, readChains } from './writers.ts'

const DAY = 86_400_000

/** One file for each of the `days` before today. */
async function createFiles(directory: string, days: readonly number[]): Promise<readonly ReadFile[]> {
  await inTurn(days, async (day) => {
    const { audit } = await openTestAudit({ directory, startedAt: NOON - day * DAY, retentionDays: 0 })
    await recordIssued(audit, `${day} days ago`)
    await audit.close()
  })
  return readChains(directory)
}

const removals = (files: readonly ReadFile[]): unknown[] =>
  files.flatMap(({ lines }) => lines.filter(({ event }) => event === 'removed').map(({ detail }) => detail))

const list = async (directory: string): Promise<string[]> => (await readdir(directory)).toSorted()

/** Resolves when `count` files are there, and with what they hold. */
async function untilThereAre(directory: string, count: number): Promise<readonly ReadFile[]> {
  await vi.waitFor(async () => expect(await list(directory)).toHaveLength(count), { timeout: 5_000 })
  return readChains(directory)
}

describe('files whose time is over', () => {
  it('are removed, each after a record of its head; the others are not touched', async () => {
    const directory = await createTemporaryDirectory()
    const before = await createFiles(directory, [400, 12, 11, 10, 1])
    await openTestAudit({ directory, retentionDays: 10 })
    const after = await untilThereAre(directory, 3)
    expect(after.slice(0, 2)).toStrictEqual(before.slice(3))
    expect(removals(after)).toStrictEqual(before.slice(0, 3).map(headOf))
  })

  it('are removed when a day begins too', async () => {
    const directory = await createTemporaryDirectory()
    const before = await createFiles(directory, [10, 1])
    const { clock } = await openTestAudit({ directory, retentionDays: 10 })
    await new Promise(setImmediate)
    expect(await list(directory)).toHaveLength(3)
    clock.now += DAY
    await vi.waitFor(async () => expect(await list(directory)).not.toContain(before[0]?.name), {
      timeout: 5_000,
    })
    expect(removals(await readChains(directory))).toStrictEqual(before.slice(0, 1).map(headOf))
  })

  it('stay for ever with 0 days', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [4_000])
    const { audit } = await openTestAudit({ directory, retentionDays: 0 })
    await recordIssued(audit, 'a')
    await audit.close()
    expect(await list(directory)).toHaveLength(2)
    expect(removals(await readChains(directory))).toStrictEqual([])
  })

  it('may be removed by two at once: both say so, and neither fails', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(
      directory,
      Array.from({ length: 20 }, (_, index) => 400 - index),
    )
    const [one, other] = await Promise.all([
      openTestAudit({ directory, retentionDays: 10 }),
      openTestAudit({ directory, retentionDays: 10 }),
    ])
    await untilThereAre(directory, 2)
    await Promise.all([one.audit.close(), other.audit.close()])
    expect(one.logText() + other.logText()).not.toContain('"level":"warn"')
  })

  it('are known by their sealed name and time: one that was made to look old stays', async () => {
    const directory = await createTemporaryDirectory()
    const [file] = await createFiles(directory, [1])
    await utimes(join(directory, file?.name ?? ''), 0, 0)
    const { audit } = await openTestAudit({ directory, retentionDays: 10 })
    await recordIssued(audit, 'a')
    await audit.close()
    expect(await list(directory)).toContain(file?.name)
  })

  it('are not those that were opened while the clock was wrong', async () => {
    const directory = await createTemporaryDirectory()
    const { audit, clock } = await openTestAudit({ directory, startedAt: 0, retentionDays: 10 })
    clock.now = NOON
    await audit.close()
    const { audit: next } = await openTestAudit({ directory, retentionDays: 10 })
    await recordIssued(next, 'a')
    await next.close()
    const files = await readChains(directory)
    expect(files.filter(({ name }) => name.startsWith('audit-1970'))).toHaveLength(1)
    expect(removals(files)).toStrictEqual([])
  })

  it('are those of an old name, whatever name they had before: that one is missed', async () => {
    const directory = await createTemporaryDirectory()
    const [file] = await createFiles(directory, [1])
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await rename(join(directory, file?.name ?? ''), join(directory, name))
    await openTestAudit({ directory, retentionDays: 10 })
    const after = await untilThereAre(directory, 1)
    expect(removals(after)).toMatchObject([{ file: name, mac: file?.lines.at(-1)?.mac }])
  })

  it('are removed though nothing in them is any good', async () => {
    const directory = await createTemporaryDirectory()
    const name = 'audit-20200101T000000000Z-0123456789abcdef.jsonl'
    await writeFile(join(directory, name), 'old\n')
    await openTestAudit({ directory, retentionDays: 10 })
    const after = await untilThereAre(directory, 1)
    expect(removals(after)).toStrictEqual([{ file: name, seq: null, mac: null }])
  })

  it.each([
    'audit.key',
    'notes.txt',
    'audit-2020.jsonl',
    'audit-20200101T000000000Z-0123456789abcdef.jsonl.gz',
  ])('are not files of another kind, like %s', async (name) => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, name), 'old')
    await createFiles(directory, [400])
    await openTestAudit({ directory, retentionDays: 1 })
    await vi.waitFor(async () => expect(await list(directory)).toHaveLength(2))
    expect(await readFile(join(directory, name), 'utf8')).toBe('old')
  })

  it('stay where their removal cannot be put on record, and an hour later it is tried again', async () => {
    const directory = await createTemporaryDirectory()
    await createFiles(directory, [20, 19])
    const clock = { now: NOON }
    const problems = [new Error('full')]
    const retention = new Retention({
      directory,
      days: 10,
      key: keys.chain,
      append: async () => {
        const problem = problems.pop()
        if (problem !== undefined) throw problem
      },
      now: () => clock.now,
    })
    await expect(retention.run()).rejects.toThrow('full')
    await retention.run()
    expect(await list(directory)).toHaveLength(2)
    clock.now += 3_600_000
    await retention.run()
    expect(await list(directory)).toHaveLength(0)
  })
})
