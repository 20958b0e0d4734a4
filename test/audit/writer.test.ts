import { readFileSync } from 'node:fs'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createTemporaryDirectory } from '../support/service.ts'
import { attemptFields, numbered, OLD_NAME } from './fields.ts'
import { createWriter, openWriter, startWriter } from './writers.ts'

describe('a writer', () => {
  it('opens a file of its own, named by UTC time and writer, with mode 0640', async () => {
    const { directory, writer } = await startWriter()
    const [name = ''] = await readdir(directory)
    expect(name).toMatch(/^audit-\d{8}T\d{9}Z-[0-9a-f]{16}\.jsonl$/)
    expect(name).toContain(writer.id)
    expect(((await stat(join(directory, name))).mode & 0o777).toString(8)).toBe('640')
  })

  it('writes all waiting records and a last one when it closes, and nothing after it', async () => {
    const { files, events, writer } = await startWriter()
    await writer.append(numbered(0))
    const waiting = [1, 2, 3].map((number) => writer.append(numbered(number)))
    const closed = writer.close()
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'unavailable' })
    await Promise.all([...waiting, closed])
    await writer.close()
    expect(writer.available).toBe(false)
    expect(await events()).toStrictEqual([['open', 'attempt', 'attempt', 'attempt', 'attempt', 'close']])
    const [{ lines } = { lines: [] }] = await files()
    expect(lines.map(({ seq }) => seq)).toStrictEqual([0, 1, 2, 3, 4, 5])
    expect(new Set(lines.map((line) => line.writer))).toStrictEqual(new Set([writer.id]))
  })

  it('changes no other file: two writers in one directory have one each', async () => {
    const { directory, writer } = await startWriter()
    await writeFile(join(directory, OLD_NAME), 'old\n')
    const { writer: other } = await openWriter(directory)
    await Promise.all([writer.append(numbered(1)), other.append(numbered(2))])
    const names = (await readdir(directory)).toSorted()
    const [old, ...texts] = names.map((name) => readFileSync(join(directory, name), 'utf8'))
    expect([old, texts.length]).toStrictEqual(['old\n', 2])
    for (const { id } of [writer, other]) {
      const own = texts.filter((text) => text.includes(`"writer":"${id}"`))
      expect(own.map((text) => new Set(text.match(/"writer":"\w+"/g)).size)).toStrictEqual([1])
    }
  })

  it('does not open if the directory is a file, and gives a code as the cause, never a path', async () => {
    const path = join(await createTemporaryDirectory(), 'file')
    await writeFile(path, '')
    const { writer } = createWriter(path)
    await expect(writer.open()).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(writer.available).toBe(false)
    const error: unknown = await writer.append(attemptFields).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'unavailable' })
    expect(String(error)).toBe('CodedError: the audit record was not written: unavailable')
  })
})

describe('an appended record', () => {
  it('is made durable together with many others, in the order of the calls', async () => {
    const { files, writer } = await startWriter()
    const numbers = Array.from({ length: 300 }, (_, number) => number)
    await Promise.all(numbers.map((number) => writer.append(numbered(number))))
    const lines = (await files()).flatMap((file) => file.lines.slice(1))
    expect(lines.map((line) => line['ms'])).toStrictEqual(numbers)
    // The time is a commit's, so that one time is one commit.
    expect(new Set(lines.map((line) => line['time'])).size).toBe(1)
  })

  it('is refused at once while a thousand wait, and the thousand are written', async () => {
    const { events, writer } = await startWriter()
    const waiting = Array.from({ length: 1_000 }, () => writer.append(attemptFields))
    expect(writer.available).toBe(false)
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'unavailable' })
    await Promise.all(waiting)
    expect(writer.available).toBe(true)
    expect((await events()).flat()).toHaveLength(1_001)
  })
})

/** Its state after far more turns of the event loop than a commit takes. */
async function stateOf(record: Promise<void>): Promise<string> {
  const states = ['waiting']
  void record.then(() => states.push('written'))
  for (let turn = 0; turn < 1_000; turn += 1) await setImmediate()
  return states.at(-1) ?? ''
}

/** So many records at once are load. */
const loadedBatch = ['attempt', 'attempt', 'attempt', 'attempt']

/** Has just written a batch under load. One record is due. */
async function startLoadedWriter() {
  const due = { count: 0 }
  const started = await startWriter({ isRecordDue: () => due.count > 0 })
  await Promise.all(loadedBatch.map(() => started.writer.append(attemptFields)))
  due.count = 1
  return { due, ...started }
}

describe('while timers do not fire, a record', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
  })

  it('is written at once if no other is due', async () => {
    const { events, writer } = await startWriter()
    await writer.append(attemptFields)
    expect(await events()).toStrictEqual([['open', 'attempt']])
  })

  it('is written at once without load, even if another is due', async () => {
    const { events, writer } = await startWriter({ isRecordDue: () => true })
    await writer.append(attemptFields)
    expect(await events()).toStrictEqual([['open', 'attempt']])
  })

  it('waits under load for records that are due, and is written with the last of them', async () => {
    const { due, events, writer } = await startLoadedWriter()
    const first = writer.append(numbered(1))
    expect(await stateOf(first)).toBe('waiting')
    due.count = 0
    await Promise.all([first, writer.append(numbered(2))])
    expect(await events()).toStrictEqual([['open', ...loadedBatch, 'attempt', 'attempt']])
  })

  it('does not wait long for a due record that does not come', async () => {
    const { due, events, writer } = await startLoadedWriter()
    const record = writer.append(attemptFields)
    expect(await stateOf(record)).toBe('waiting')
    await vi.advanceTimersByTimeAsync(3)
    await record
    due.count = 0
    expect(await events()).toStrictEqual([['open', ...loadedBatch, 'attempt']])
  })
})
