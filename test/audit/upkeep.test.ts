// What happens because time passes or a file grows: rotation, heartbeats, anchors.
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Anchors } from '../../src/audit/anchors.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { attemptFields, numbered } from './fields.ts'
import { eventsOf, headOf, openWriter, readChains, recovery } from './writers.ts'

const NOON = Date.parse('2026-11-22T12:00:00.000Z')
const MINUTE = 60_000
const DAY = 86_400_000

async function start() {
  const directory = join(await createTemporaryDirectory(), 'audit')
  const clock = { now: NOON }
  const opened = await openWriter(directory, { unixNow: () => clock.now })
  /** Ticks at `time`, and resolves when `event` is the last one in the newest file. */
  async function tickAt(time: number, event: string): Promise<void> {
    clock.now = time
    opened.writer.tick()
    await vi.waitFor(async () =>
      expect(
        eventsOf(await readChains(directory))
          .flat()
          .at(-1),
      ).toBe(event),
    )
  }
  return { directory, clock, tickAt, ...opened }
}

describe('a new day (UTC)', () => {
  it('starts a new file, which names the one before', async () => {
    const { directory, writer, clock, anchors, changes } = await start()
    await writer.append(numbered(1))
    clock.now = Date.parse('2026-11-22T23:59:59.999Z')
    await writer.append(numbered(2))
    clock.now += 1
    await writer.append(numbered(3))
    const files = await readChains(directory)
    expect(eventsOf(files)).toStrictEqual([
      ['open', 'attempt', 'attempt', 'close'],
      ['open', 'attempt'],
    ])
    const [before, after] = files
    expect(before?.lines.at(-1)?.detail).toStrictEqual({ cause: 'rotated' })
    expect(after?.name).toMatch(/^audit-20261123T000000000Z-/)
    expect(after?.lines[0]?.detail).toMatchObject({ heads: [before && headOf(before)] })
    expect(files.flatMap(({ lines }) => lines.map(({ seq }) => seq))).toStrictEqual([0, 1, 2, 3, 4, 5])
    expect(anchors).toStrictEqual([{ writer: writer.id, ...toPlace(before && headOf(before)) }])
    expect(changes).toStrictEqual([])
  })

  it('starts a new file although there is no record', async () => {
    const { directory, writer, clock } = await start()
    clock.now = Date.parse('2026-11-22T23:59:30.000Z')
    await writer.append(numbered(1))
    clock.now += 30_000
    await vi.waitFor(async () => {
      writer.tick()
      expect(eventsOf(await readChains(directory))).toStrictEqual([['open', 'attempt', 'close'], ['open']])
    })
  })

  it('that begins twice, because the clock was set back, has one file', async () => {
    const { directory, writer, clock } = await start()
    await inTurn([NOON + DAY, NOON + MINUTE, NOON + DAY], async (time) => {
      clock.now = time
      await writer.append(attemptFields)
    })
    expect(await readdir(directory)).toHaveLength(2)
  })

  it('that began far too early, because the clock was wrong, is followed by the right one', async () => {
    const { directory, writer, clock } = await start()
    await inTurn([NOON + 1_000 * DAY, NOON + MINUTE], async (time) => {
      clock.now = time
      await writer.append(attemptFields)
    })
    expect((await readdir(directory)).toSorted().map((name) => name.slice(0, 14))).toStrictEqual([
      'audit-20261122',
      'audit-20261122',
      'audit-20290818',
    ])
  })

  it('loses no record while files change', async () => {
    const { directory, writer, clock } = await start()
    const appended: Promise<void>[] = []
    await inTurn(Array.from({ length: 20 }).keys(), async (number) => {
      clock.now = NOON + Math.floor(number / 5) * DAY
      appended.push(...Array.from({ length: 20 }, () => writer.append(numbered(number))))
      await new Promise(setImmediate)
    })
    await Promise.all(appended)
    await writer.close()
    const files = await readChains(directory)
    expect(
      eventsOf(files)
        .flat()
        .filter((event) => event === 'attempt'),
    ).toHaveLength(400)
    expect(files.length).toBeGreaterThan(1)
  })

  it('whose file cannot be opened has one later, with a gap after the last line of the old one', async () => {
    const { directory, writer, clock, changes } = await start()
    clock.now = NOON + DAY
    const taken = join(directory, `audit-20261123T120000000Z-${writer.id}.jsonl`)
    await writeFile(taken, '')
    await expect(writer.append(numbered(1))).rejects.toThrow('EEXIST')
    expect(writer.available).toBe(false)
    await rm(taken)
    clock.now += 1_000
    await recovery(writer)
    await writer.append(numbered(2))
    clock.now += DAY
    await writer.append(numbered(3))
    const files = await readChains(directory)
    expect(eventsOf(files)).toStrictEqual([
      ['open', 'close'],
      ['open', 'gap', 'attempt', 'close'],
      ['open', 'attempt'],
    ])
    const [before, after] = files
    expect(after?.lines[1]?.detail).toStrictEqual({
      ...toPlace(before && headOf(before)),
      cause: 'EEXIST',
      lost: 1,
    })
    expect(after?.lines[0]?.seq).toBe(2)
    expect(changes).toStrictEqual([
      [false, 'EEXIST'],
      [true, undefined],
    ])
  })
})

describe('a file of 62 MiB', () => {
  it('is followed by another one, so that none exceeds 64 MiB', async () => {
    const { directory, writer } = await start()
    const large = { ...attemptFields, model: 'm'.repeat(60_000) }
    await inTurn(Array.from({ length: 12 }), () =>
      Promise.all(Array.from({ length: 100 }, () => writer.append(large))),
    )
    const names = await readdir(directory)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size))
    expect(sizes).toHaveLength(2)
    expect(Math.max(...sizes)).toBeGreaterThan(62 * 1024 ** 2)
    const [before, after] = await readChains(directory)
    expect(before?.lines.at(-1)).toMatchObject({ event: 'close', detail: { cause: 'rotated' } })
    expect(after?.lines[0]?.detail).toMatchObject({ heads: [before && headOf(before)] })
  })
})

describe('a minute without a record', () => {
  it('ends with a heartbeat', async () => {
    const { directory, tickAt, writer } = await start()
    await tickAt(NOON + MINUTE, 'heartbeat')
    await tickAt(NOON + 2 * MINUTE, 'heartbeat')
    await writer.append(attemptFields)
    await writer.close()
    expect(eventsOf(await readChains(directory))).toStrictEqual([
      ['open', 'heartbeat', 'heartbeat', 'attempt', 'close'],
    ])
  })

  it('does not, if it is shorter', async () => {
    const { directory, clock, writer } = await start()
    clock.now = NOON + MINUTE - 1
    writer.tick()
    await writer.append(attemptFields)
    clock.now += MINUTE - 1
    writer.tick()
    await writer.close()
    expect(eventsOf(await readChains(directory))).toStrictEqual([['open', 'attempt', 'close']])
  })
})

describe('an anchor', () => {
  it('is printed a minute after the last one, if there is a new record', async () => {
    const { writer, clock, anchors, directory } = await start()
    await writer.append(attemptFields)
    clock.now = NOON + MINUTE - 1
    writer.tick()
    expect(anchors).toStrictEqual([])
    const [file] = await readChains(directory)
    clock.now = NOON + MINUTE
    writer.tick()
    expect(anchors).toStrictEqual([{ writer: writer.id, ...toPlace(file && headOf(file)) }])
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
    const { directory, writer, anchors } = await start()
    await writer.close()
    const [file] = await readChains(directory)
    expect(eventsOf(file === undefined ? [] : [file])).toStrictEqual([['open', 'close']])
    expect(anchors).toStrictEqual([{ writer: writer.id, ...toPlace(file && headOf(file)) }])
  })
})

/** As details and anchors show it. */
function toPlace(head: unknown): object {
  return typeof head === 'object' && head !== null ? head : {}
}
