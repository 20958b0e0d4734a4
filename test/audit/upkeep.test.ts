// What happens because time passes or a file grows: rotation, heartbeats, anchors.
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Anchors } from '../../src/audit/anchors.ts'
import { inTurn } from '../bench/in-turn.ts'
import { NOON } from './audits.ts'
import { attemptFields, numbered } from './fields.ts'
import { headOf, type ReadFile, recovery, startWriter } from './writers.ts'

const MINUTE = 60_000
const DAY = 86_400_000

async function start() {
  const clock = { now: NOON }
  const started = await startWriter({ unixNow: () => clock.now })
  const { events, writer } = started
  /** Ticks at `time`, and resolves when `event` is the last one in the newest file. */
  async function tickAt(time: number, event: string): Promise<void> {
    clock.now = time
    writer.tick()
    await vi.waitFor(async () => expect((await events()).flat().at(-1)).toBe(event))
  }
  /** Appends a record at each of the times. */
  const appendAt = (...times: readonly number[]): Promise<unknown> =>
    inTurn(times, (time) => {
      clock.now = time
      return writer.append(numbered(time))
    })
  return { clock, tickAt, appendAt, ...started }
}

/** What an anchor says about the last line of a file. */
const anchorOf = (file: ReadFile | undefined): object =>
  file === undefined ? {} : { writer: file.lines[0]?.writer, ...headOf(file) }

describe('a new day', () => {
  it('starts a new file, which names the one before', async () => {
    const { files, events, appendAt, anchors, changes } = await start()
    const midnight = Date.parse('2026-11-23')
    await appendAt(NOON, midnight - 1, midnight)
    const [before, after] = await files()
    expect(await events()).toStrictEqual([
      ['open', 'attempt', 'attempt', 'close'],
      ['open', 'attempt'],
    ])
    expect(before?.lines.at(-1)?.detail).toStrictEqual({ cause: 'rotated' })
    expect(after?.name).toMatch(/^audit-20261123T000000000Z-/)
    expect(after?.lines[0]).toMatchObject({ seq: 4, detail: { heads: [before && headOf(before)] } })
    expect(anchors).toStrictEqual([anchorOf(before)])
    expect(changes).toStrictEqual([])
  })

  it('starts a new file although there is no record', async () => {
    const { events, writer, clock, appendAt } = await start()
    await appendAt(Date.parse('2026-11-22T23:59:30.000Z'))
    clock.now += 30_000
    await vi.waitFor(async () => {
      writer.tick()
      expect(await events()).toStrictEqual([['open', 'attempt', 'close'], ['open']])
    })
  })

  it.each([
    ['twice, because the clock was set back, has one file', [DAY, MINUTE, DAY], ['22', '23']],
    [
      'far too early, because the clock was wrong, is followed by the right one',
      [2 * DAY, MINUTE],
      ['22', '22', '24'],
    ],
  ])('that begins %s', async (_what, times, days) => {
    const { directory, appendAt } = await start()
    await appendAt(...times.map((time) => NOON + time))
    expect((await readdir(directory)).toSorted().map((name) => name.slice(12, 14))).toStrictEqual(days)
  })

  it('loses no record while files change', async () => {
    const { events, writer, clock } = await start()
    const appended: Promise<void>[] = []
    await inTurn(Array.from({ length: 20 }).keys(), async (number) => {
      clock.now = NOON + Math.floor(number / 5) * DAY
      appended.push(...Array.from({ length: 20 }, () => writer.append(numbered(number))))
      await new Promise(setImmediate)
    })
    await Promise.all(appended)
    await writer.close()
    const all = await events()
    expect(all.flat().filter((event) => event === 'attempt')).toHaveLength(400)
    expect(all.length).toBeGreaterThan(1)
  })

  it('whose file cannot be opened has one later, with a gap after the last line of the old one', async () => {
    const { directory, files, events, writer, clock, appendAt, changes } = await start()
    const taken = join(directory, `audit-20261123T120000000Z-${writer.id}.jsonl`)
    await writeFile(taken, '')
    await expect(appendAt(NOON + DAY)).rejects.toThrow('EEXIST')
    expect(writer.available).toBe(false)
    await rm(taken)
    clock.now += 1_000
    await recovery(writer)
    await appendAt(clock.now, clock.now + DAY)
    expect(await events()).toStrictEqual([
      ['open', 'close'],
      ['open', 'gap', 'attempt', 'close'],
      ['open', 'attempt'],
    ])
    const [before, after] = await files()
    expect(after?.lines[1]?.detail).toStrictEqual({ ...(before && headOf(before)), cause: 'EEXIST', lost: 1 })
    expect(after?.lines[0]?.seq).toBe(2)
    expect(changes).toStrictEqual([
      [false, 'EEXIST'],
      [true, undefined],
    ])
  })
})

describe('a file of 62 MiB', () => {
  it('is followed by another one, so that none exceeds 64 MiB', async () => {
    const { directory, files, writer } = await start()
    const large = { ...attemptFields, model: 'm'.repeat(60_000) }
    await inTurn(Array.from({ length: 12 }), () =>
      Promise.all(Array.from({ length: 100 }, () => writer.append(large))),
    )
    const names = await readdir(directory)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
    expect(sizes).toHaveLength(2)
    expect(Math.max(...sizes)).toBeGreaterThan(62 * 1024 ** 2)
    expect(Math.max(...sizes)).toBeLessThan(64 * 1024 ** 2)
    const [before, after] = await files()
    expect(before?.lines.at(-1)).toMatchObject({ event: 'close', detail: { cause: 'rotated' } })
    expect(after?.lines[0]?.detail).toMatchObject({ heads: [before && headOf(before)] })
  })
})

describe('a minute without a record', () => {
  it('ends with a heartbeat', async () => {
    const { events, tickAt, writer } = await start()
    await tickAt(NOON + MINUTE, 'heartbeat')
    await tickAt(NOON + 2 * MINUTE, 'heartbeat')
    await writer.append(attemptFields)
    await writer.close()
    expect(await events()).toStrictEqual([['open', 'heartbeat', 'heartbeat', 'attempt', 'close']])
  })

  it('does not, if it is shorter', async () => {
    const { events, clock, writer } = await start()
    clock.now = NOON + MINUTE - 1
    writer.tick()
    await writer.append(attemptFields)
    clock.now += MINUTE - 1
    writer.tick()
    await writer.close()
    expect(await events()).toStrictEqual([['open', 'attempt', 'close']])
  })
})

describe('an anchor', () => {
  it('is printed a minute after the last one, if there is a new record', async () => {
    const { writer, clock, anchors, files } = await start()
    await writer.append(attemptFields)
    clock.now = NOON + MINUTE - 1
    writer.tick()
    expect(anchors).toStrictEqual([])
    const [file] = await files()
    clock.now = NOON + MINUTE
    writer.tick()
    expect(anchors).toStrictEqual([anchorOf(file)])
    writer.tick()
    expect(anchors).toHaveLength(1)
  })

  it('is printed after a thousand records', async () => {
    const { writer, anchors } = await start()
    await Promise.all(Array.from({ length: 998 }, () => writer.append(attemptFields)))
    expect(anchors).toHaveLength(0)
    await writer.append(attemptFields)
    expect(anchors).toMatchObject([{ seq: 999 }])
  })

  it('is printed once', () => {
    const printed: unknown[] = []
    const anchors = new Anchors({ print: (anchor) => printed.push(anchor), unixNow: () => NOON })
    anchors.advance({ writer: 'w', file: 'f', seq: 1, mac: 'm' }, 1)
    anchors.print()
    anchors.print()
    expect(printed).toStrictEqual([{ writer: 'w', file: 'f', seq: 1, mac: 'm' }])
  })

  it('is printed at the end, of the close record', async () => {
    const { files, events, writer, anchors } = await start()
    await writer.close()
    expect(await events()).toStrictEqual([['open', 'close']])
    expect(anchors).toStrictEqual([anchorOf((await files())[0])])
  })
})
