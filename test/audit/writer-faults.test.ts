// Each test waits for the second after which the writer tries again, so they run concurrently.
import { appendFile, copyFile, mkdir, readdir, readFile, rename, rm, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { parseRecords, readAudit } from '../support/service.ts'
import { attemptFields, numbered } from './fields.ts'
import { headOf, recovery, startWriter } from './writers.ts'

async function start({ onTestFinished: defer }: Pick<TestContext, 'onTestFinished'>) {
  const started = await startWriter({ defer })
  await started.writer.append(numbered(1))
  const [before] = await started.files()
  const head = before && headOf(before)
  return { ...started, head, file: join(started.directory, before?.name ?? '') }
}

const moveAway = (path: string): Promise<void> => rename(path, `${path}.old`)

async function replaceByCopy(file: string): Promise<void> {
  await copyFile(file, `${file}.copy`)
  await rename(`${file}.copy`, file)
}

/** What can happen to the file while it is in use, and the code for it. */
const faults: readonly (readonly [name: string, harm: (file: string) => Promise<unknown>, code: string])[] = [
  ['removed', (file) => rm(file), 'file_removed'],
  ['renamed, as logrotate does', (file) => moveAway(file), 'file_removed'],
  ['replaced by a copy of itself', replaceByCopy, 'file_replaced'],
  ['replaced by a directory', (file) => moveAway(file).then(() => mkdir(file)), 'file_replaced'],
  ['emptied', (file) => truncate(file, 0), 'file_resized'],
  ['cut by one byte', async (file) => truncate(file, (await readFile(file)).length - 1), 'file_resized'],
  ['appended to by another program', (file) => appendFile(file, 'x'), 'file_resized'],
  ['removed with its directory', (file) => rm(dirname(file), { recursive: true }), 'file_removed'],
  [
    'removed with its directory, which was created again',
    (file) => moveAway(dirname(file)).then(() => mkdir(dirname(file))),
    'file_removed',
  ],
]

describe('a file that was', () => {
  it.concurrent.for(faults)(
    '%s gets no more records: the next ones are in another file',
    async ([, harm, code], context) => {
      const { directory, writer, changes, anchors, head, file } = await start(context)
      await harm(file)
      await expect(writer.append(numbered(2))).rejects.toMatchObject({ code })
      expect(writer.available).toBe(false)
      await expect(writer.append(numbered(3))).rejects.toMatchObject({ code: 'unavailable' })
      expect(changes).toStrictEqual([[false, code]])
      expect(anchors).toMatchObject([{ ...head }])

      await recovery(writer)
      expect(changes.slice(1)).toStrictEqual([[true, undefined]])
      await writer.append(numbered(4))
      const names = (await readdir(directory)).filter((name) => name.endsWith(`${writer.id}.jsonl`))
      const newest = join(directory, names.toSorted().at(-1) ?? '')
      expect(newest).not.toBe(file)
      expect(parseRecords(await readFile(newest, 'utf8'))).toMatchObject([
        { event: 'open', seq: 2, detail: { heads: [head] } },
        { event: 'gap', seq: 3, detail: { ...head, cause: code, lost: 2 } },
        { ms: 4, seq: 4, writer: writer.id },
      ])
    },
  )

  it.concurrent.for(faults)('%s is noticed without a record to write', async ([, harm, code], context) => {
    const { writer, changes, file } = await start(context)
    await harm(file)
    writer.tick()
    await vi.waitFor(() => expect(writer.available).toBe(false))
    expect(changes).toStrictEqual([[false, code]])
  })
})

describe('a commit that fails', () => {
  it.concurrent('rejects all records that wait for it, and the next file counts them', async (context) => {
    const { directory, files, writer, head, file } = await start(context)
    await rm(file)
    const waiting = await Promise.allSettled(Array.from({ length: 50 }, () => writer.append(attemptFields)))
    expect(new Set(waiting.map(({ status }) => status))).toStrictEqual(new Set(['rejected']))
    expect(await readdir(directory)).toStrictEqual([])
    await recovery(writer)
    const [after] = await files()
    expect(after?.lines[1]?.detail).toStrictEqual({ ...head, cause: 'file_removed', lost: 50 })
  })
})

describe('a writer that is closed', () => {
  it.concurrent('while it cannot write opens no other file', async (context) => {
    const { directory, writer, changes, file } = await start(context)
    await rm(file)
    await expect(writer.append(attemptFields)).rejects.toThrow('file_removed')
    await writer.close()
    await expect(recovery(writer, 1_300)).rejects.toThrow('expected false to be true')
    expect(await readdir(directory)).toStrictEqual([])
    expect(changes).toHaveLength(1)
  })

  it.concurrent('while it opens another file acknowledges nothing in it', async (context) => {
    const { directory, writer, file } = await start(context)
    await rm(file)
    await expect(writer.append(attemptFields)).rejects.toThrow('file_removed')
    const isOpening = async (): Promise<void> => {
      writer.tick()
      expect(await readdir(directory)).toHaveLength(1)
    }
    await vi.waitFor(isOpening, { timeout: 5_000, interval: 0 })
    await writer.close()
    await expect(recovery(writer, 300)).rejects.toThrow('expected false to be true')
    expect(await readAudit(directory)).not.toMatch(/"event":"open".*\n$/)
  })
})
