// Faults that a real disk has too rarely for a test: node:fs is made to have them.
import * as fs from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Durability } from '../../src/audit/file.ts'
import { attemptFields, numbered } from './fields.ts'
import { linesIn, recovery, startWriter } from './writers.ts'

type Done = (error: Error | null, descriptor?: number) => void

interface Disk {
  /** Calls, in the order of their starts and ends. */
  readonly calls: string[]
  /** How many bytes the next writes accept; all of them when the list is empty. */
  readonly takes: number[]
  /** The flags of each file that was opened. */
  readonly flags: number[]
  /** What a write waits for after its bytes are in the file. */
  sync: () => Promise<void>
  writeError: Error | undefined
}

const disk = vi.hoisted(
  (): Disk => ({ calls: [], takes: [], flags: [], sync: async () => undefined, writeError: undefined }),
)

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const { promisify } = await import('node:util')
  const writeSome = promisify(original.write)
  const write = Object.assign(
    () => {
      throw new Error('only its promise is used')
    },
    {
      [promisify.custom]: async (fd: number, bytes: Buffer, from = 0) => {
        disk.calls.push('write')
        if (disk.writeError !== undefined) throw disk.writeError
        const written = await writeSome(fd, bytes, from, disk.takes.shift() ?? bytes.length - from)
        await disk.sync()
        disk.calls.push('written')
        return written
      },
    },
  )
  return {
    ...original,
    write,
    open: (path: string, flags: number, mode: number, done: Done): void => {
      disk.flags.push(flags)
      original.open(path, flags, mode, done)
    },
    close: (fd: number, done: Done): void => {
      disk.calls.push('close')
      original.close(fd, done)
    },
  }
})

const toError = (code: string): Error => Object.assign(new Error(code), { code })
const syncWell = async (): Promise<void> => undefined

beforeEach(() => {
  disk.calls.length = 0
  disk.takes.length = 0
  disk.flags.length = 0
  disk.sync = syncWell
  disk.writeError = undefined
})

const failToSync = async (): Promise<void> => {
  throw toError('EIO')
}

/** Writes hang until one of the functions that it returns is called. */
function hangAtSync(): (() => void)[] {
  const hanging: (() => void)[] = []
  disk.sync = () => new Promise((resolve) => void hanging.push(resolve))
  return hanging
}

/** Calls before the first record are not kept. */
async function start() {
  const started = await startWriter()
  disk.calls.length = 0
  return started
}

describe('durability', () => {
  it.each<[Durability, number]>([
    ['fsync', fs.constants.O_DSYNC],
    ['write', 0],
  ])('%s opens each file with the flag that it needs', async (durability, flag) => {
    await startWriter({ durability })
    expect(disk.flags.map((flags) => flags & fs.constants.O_DSYNC)).toStrictEqual([flag])
  })

  it('all records that wait are written at once, before they are acknowledged', async () => {
    const { writer } = await start()
    const appended = Array.from({ length: 200 }, () =>
      writer.append(attemptFields).then(() => disk.calls.push('acknowledged')),
    )
    await Promise.all(appended)
    expect(disk.calls.slice(0, 3)).toStrictEqual(['write', 'written', 'acknowledged'])
    expect(disk.calls.filter((call) => call === 'write')).toHaveLength(1)
    expect(disk.calls.filter((call) => call === 'acknowledged')).toHaveLength(200)
  })
})

describe('a disk that', () => {
  it('accepts a line in pieces gets all of it', async () => {
    const { directory, writer } = await start()
    disk.takes.push(1, 100, 7)
    await writer.append(numbered(5))
    expect(disk.calls.filter((call) => call === 'write')).toHaveLength(4)
    expect((await linesIn(directory)).at(-1)).toMatchObject({ ms: 5 })
  })

  it.each([
    ['accepts part of a line and then nothing', () => disk.takes.push(10, 0), 'short_write'],
    ['is full', () => void (disk.writeError = toError('ENOSPC')), 'ENOSPC'],
    ['is read-only', () => void (disk.writeError = toError('EROFS')), 'EROFS'],
    ['fails', () => void (disk.writeError = toError('EIO')), 'EIO'],
    ['fails to sync', () => void (disk.sync = failToSync), 'EIO'],
  ])('%s makes the record fail', async (_name, harm, code) => {
    const { writer, changes } = await start()
    harm()
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code })
    expect(writer.available).toBe(false)
    expect(changes).toStrictEqual([[false, code]])
  })

  it('stays full has no file for each try', async () => {
    const { directory, writer } = await start()
    disk.writeError = toError('ENOSPC')
    await expect(writer.append(attemptFields)).rejects.toThrow('ENOSPC')
    disk.calls.length = 0
    await expect(recovery(writer, 2_500)).rejects.toThrow('expected false to be true')
    expect(disk.calls.length).toBeGreaterThan(1)
    expect(writer.available).toBe(false)
    await vi.waitFor(() => expect(fs.readdirSync(directory)).toHaveLength(1))
  })

  it('loses the file during a sync makes the record fail', async () => {
    const { directory, writer } = await start()
    const [name = ''] = fs.readdirSync(directory)
    disk.sync = async () => fs.rmSync(`${directory}/${name}`)
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'file_removed' })
  })

  it('hangs makes the record fail after 2 s', async () => {
    const { files, events, writer, changes } = await start()
    const hanging = hangAtSync()
    await expect(writer.append(numbered(1))).rejects.toMatchObject({ code: 'slow_disk' })
    expect(changes).toStrictEqual([[false, 'slow_disk']])
    // A closed descriptor's number could mean another file before the write ends.
    expect(disk.calls).not.toContain('close')
    disk.sync = syncWell
    hanging[0]?.()
    await recovery(writer)
    expect(disk.calls).toContain('close')
    expect(await events()).toStrictEqual([
      ['open', 'attempt'],
      ['open', 'gap'],
    ])
    // The late record was not acknowledged, and its number is assigned again.
    expect((await files()).map(({ lines }) => lines.map(({ seq }) => seq).join())).toStrictEqual([
      '0,1',
      '1,2',
    ])
  })

  it('hangs while a file is opened occupies one thread, and a file that is opened too late is removed', async () => {
    const { directory, writer } = await start()
    disk.sync = failToSync
    await expect(writer.append(attemptFields)).rejects.toThrow('EIO')
    const hanging = hangAtSync()
    await expect(recovery(writer, 5_500)).rejects.toThrow('expected false to be true')
    expect(hanging).toHaveLength(1)
    const [, late = ''] = fs.readdirSync(directory).toSorted()
    disk.sync = syncWell
    hanging[0]?.()
    await recovery(writer)
    const names = fs.readdirSync(directory)
    expect(names).toHaveLength(2)
    expect(names).not.toContain(late)
  })
})
