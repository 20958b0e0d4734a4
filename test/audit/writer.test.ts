import { readFileSync } from 'node:fs'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTemporaryDirectory, parseRecords, readAudit } from '../support/service.ts'
import { attemptFields, numbered } from './fields.ts'
import { createWriter, openWriter as open, type TestWriterOptions } from './writers.ts'

const openWriter = async (directory: string, durability: TestWriterOptions['durability'] = 'fsync') =>
  (await open(directory, { durability })).writer

const eventsIn = async (directory: string): Promise<unknown[]> =>
  parseRecords(await readAudit(directory)).map(({ event }) => event)

describe('a writer', () => {
  it('opens a file of its own, named by UTC time and writer, with mode 0640', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    const [name = ''] = await readdir(directory)
    expect(name).toMatch(/^audit-\d{8}T\d{9}Z-[0-9a-f]{16}\.jsonl$/)
    expect(name).toContain(writer.id)
    expect(((await stat(join(directory, name))).mode & 0o777).toString(8)).toBe('640')
  })

  it('creates the directory and its parents, closed to other users', async () => {
    const directory = join(await createTemporaryDirectory(), 'a', 'b')
    await openWriter(directory)
    expect((await stat(directory)).mode & 0o007).toBe(0)
    expect(await eventsIn(directory)).toStrictEqual(['open'])
  })

  it('begins with an open and ends with a close', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    await writer.append(attemptFields)
    await writer.close()
    expect(await eventsIn(directory)).toStrictEqual(['open', 'attempt', 'close'])
  })

  it('refuses records once it closes: the close is the last one', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    const closed = writer.close()
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ name: 'AuditWriteError' })
    await closed
    expect(writer.available).toBe(false)
    expect(await eventsIn(directory)).toStrictEqual(['open', 'close'])
  })

  it('writes waiting records before it closes', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    const waiting = [1, 2, 3].map((number) => writer.append(numbered(number)))
    await writer.close()
    await Promise.all(waiting)
    expect(await eventsIn(directory)).toStrictEqual(['open', 'attempt', 'attempt', 'attempt', 'close'])
  })

  it('can be closed twice', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    await writer.close()
    await writer.close()
    expect(await eventsIn(directory)).toStrictEqual(['open', 'close'])
  })

  it('changes no other file: two writers in one directory have one each', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'audit-20200101T000000000Z-0123456789abcdef.jsonl'), 'old\n')
    const [one, other] = await Promise.all([openWriter(directory), openWriter(directory)])
    await Promise.all([one.append(numbered(1)), other.append(numbered(2))])
    const names = await readdir(directory)
    expect(names).toHaveLength(3)
    for (const { id } of [one, other]) {
      const text = readFileSync(join(directory, names.find((name) => name.includes(id)) ?? ''), 'utf8')
      expect(new Set(parseRecords(text).map(({ writer }) => writer))).toStrictEqual(new Set([id]))
    }
    expect(readFileSync(join(directory, names.toSorted((a, b) => a.localeCompare(b))[0] ?? ''), 'utf8')).toBe(
      'old\n',
    )
  })

  it('does not open if the directory is a file', async () => {
    const path = join(await createTemporaryDirectory(), 'file')
    await writeFile(path, '')
    const { writer } = createWriter(path)
    await expect(writer.open()).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(writer.available).toBe(false)
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('gives a code as the cause of an error, never a path', async () => {
    const directory = await createTemporaryDirectory()
    const error: unknown = await createWriter(directory)
      .writer.append(attemptFields)
      .catch((reason: unknown) => reason)
    expect(String(error)).toBe('AuditWriteError: the audit record was not written: unavailable')
  })
})

describe('an appended record', () => {
  it.each(['fsync', 'write'] as const)(
    'is in the file when its promise resolves (%s)',
    async (durability) => {
      const directory = await createTemporaryDirectory()
      const writer = await openWriter(directory, durability)
      const [name = ''] = await readdir(directory)
      const seen = await Promise.all(
        [1, 2, 3, 4].map(async (number) => {
          await writer.append(numbered(number))
          return readFileSync(join(directory, name), 'utf8').includes(`"ms":${number},`)
        }),
      )
      expect(seen).toStrictEqual([true, true, true, true])
    },
  )

  it('is made durable together with many others, in the order of the calls', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    await Promise.all(Array.from({ length: 300 }, (_, number) => writer.append(numbered(number))))
    const records = parseRecords(await readAudit(directory)).filter(({ event }) => event === 'attempt')
    expect(records.map(({ ms }) => ms)).toStrictEqual(Array.from({ length: 300 }, (_, number) => number))
    // The time is a commit's, so that one time is one commit.
    expect(new Set(records.map(({ time }) => time)).size).toBe(1)
  })

  it('has the next sequence number of its writer', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    await writer.append(attemptFields)
    await Promise.all([writer.append(attemptFields), writer.append(attemptFields)])
    await writer.close()
    const records = parseRecords(await readAudit(directory))
    expect(records.map(({ seq }) => seq)).toStrictEqual([0, 1, 2, 3, 4])
    expect(new Set(records.map((record) => record['writer']))).toStrictEqual(new Set([writer.id]))
  })

  it('is refused at once while a thousand wait, and the thousand are written', async () => {
    const directory = await createTemporaryDirectory()
    const writer = await openWriter(directory)
    const waiting = Array.from({ length: 1_000 }, () => writer.append(attemptFields))
    expect(writer.available).toBe(false)
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'unavailable' })
    await Promise.all(waiting)
    expect(writer.available).toBe(true)
    expect(await eventsIn(directory)).toHaveLength(1_001)
  })
})

/** Its state after far more turns of the event loop than a commit takes. */
async function stateOf(record: Promise<void>): Promise<string> {
  const states = ['waiting']
  void record.then(() => states.push('written'))
  for (let turn = 0; turn < 1_000; turn += 1) await setImmediate()
  return states.at(-1) ?? ''
}

describe('while timers do not fire, a record', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
  })

  it('is written at once if no other is due', async () => {
    const directory = await createTemporaryDirectory()
    await (await openWriter(directory)).append(attemptFields)
    expect(await eventsIn(directory)).toStrictEqual(['open', 'attempt'])
  })

  it('waits for records that are due, and is written with the last of them', async () => {
    const directory = await createTemporaryDirectory()
    const due = { count: 1 }
    const { writer } = await open(directory, { isRecordDue: () => due.count > 0 })
    const first = writer.append(numbered(1))
    expect(await stateOf(first)).toBe('waiting')
    due.count = 0
    await Promise.all([first, writer.append(numbered(2))])
    expect(await eventsIn(directory)).toStrictEqual(['open', 'attempt', 'attempt'])
  })

  it('does not wait long for a due record that does not come', async () => {
    const directory = await createTemporaryDirectory()
    const due = { count: 1 }
    const { writer } = await open(directory, { isRecordDue: () => due.count > 0 })
    const record = writer.append(attemptFields)
    expect(await stateOf(record)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(3)
    await record
    due.count = 0
    expect(await eventsIn(directory)).toStrictEqual(['open', 'attempt'])
  })
})
