// Faults that a real disk has too rarely for a test: node:fs is made to have them.
import * as fs from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Durability } from '../../src/audit/file.ts'
import { attemptFields, numbered } from './fields.ts'
import { linesIn, recovery, startWriter } from './writers.ts'

type Done = (error: Error | null, bytesWritten?: number) => void

interface Disk {
  /** Calls, in the order of their starts and ends. */
  readonly calls: string[]
  /** How many bytes the next writes accept; all of them when the list is empty. */
  readonly takes: number[]
  fdatasync: (fd: number, done: Done) => void
  writeError: Error | undefined
}

const disk = vi.hoisted(
  (): Disk => ({ calls: [], takes: [], fdatasync: () => undefined, writeError: undefined }),
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
        return writeSome(fd, bytes, from, disk.takes.shift() ?? bytes.length - from)
      },
    },
  )
  return {
    ...original,
    write,
    fdatasync: (fd: number, done: Done): void => {
      disk.calls.push('fdatasync')
      disk.fdatasync(fd, (error) => {
        disk.calls.push('synced')
        done(error)
      })
    },
    close: (fd: number, done: Done): void => {
      disk.calls.push('close')
      original.close(fd, done)
    },
  }
})

const toError = (code: string): Error => Object.assign(new Error(code), { code })
const syncWell = (fd: number, done: Done): void => fs.fsync(fd, done)

beforeEach(() => {
  disk.calls.length = 0
  disk.takes.length = 0
  disk.fdatasync = syncWell
  disk.writeError = undefined
})

const failToSync: Disk['fdatasync'] = (_fd, done) => done(toError('EIO'))

/** Calls before the first record are not kept. */
async function start(durability: Durability = 'fsync') {
  const started = await startWriter({ durability })
  disk.calls.length = 0
  return started
}

describe('durability', () => {
  it('fsync syncs once for all records that wait, after they are written and before they are acknowledged', async () => {
    const { writer } = await start()
    const appended = Array.from({ length: 200 }, () =>
      writer.append(attemptFields).then(() => disk.calls.push('acknowledged')),
    )
    await Promise.all(appended)
    expect(disk.calls.slice(0, 4)).toStrictEqual(['write', 'fdatasync', 'synced', 'acknowledged'])
    expect(disk.calls.filter((call) => call === 'fdatasync')).toHaveLength(1)
    expect(disk.calls.filter((call) => call === 'acknowledged')).toHaveLength(200)
  })

  it('write does not sync', async () => {
    const { writer } = await start('write')
    await writer.append(attemptFields)
    expect(disk.calls).toStrictEqual(['write'])
  })

  it('fsync syncs the first record of a file too', async () => {
    await startWriter()
    expect(disk.calls).toStrictEqual(['write', 'fdatasync', 'synced'])
  })
})

describe('a disk that', () => {
  it('accepts a line in pieces gets all of it', async () => {
    const { directory, writer } = await start()
    disk.takes.push(1, 100, 7)
    await writer.append(numbered(5))
    expect(disk.calls.slice(0, 4)).toStrictEqual(['write', 'write', 'write', 'write'])
    expect((await linesIn(directory)).at(-1)).toMatchObject({ ms: 5 })
  })

  it.each([
    ['accepts part of a line and then nothing', () => disk.takes.push(10, 0), 'short_write'],
    ['is full', () => void (disk.writeError = toError('ENOSPC')), 'ENOSPC'],
    ['is read-only', () => void (disk.writeError = toError('EROFS')), 'EROFS'],
    ['fails', () => void (disk.writeError = toError('EIO')), 'EIO'],
    ['fails to sync', () => void (disk.fdatasync = failToSync), 'EIO'],
  ])('%s makes the record fail', async (_name, harm, code) => {
    const { writer, changes } = await start()
    harm()
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code })
    expect(writer.available).toBe(false)
    expect(changes).toStrictEqual([[false, code]])
  })

  it('fails once gets no more records in the same file', async () => {
    const { files, events, writer } = await start()
    disk.fdatasync = failToSync
    await expect(writer.append(numbered(1))).rejects.toThrow('EIO')
    disk.fdatasync = syncWell
    await recovery(writer)
    await writer.append(numbered(2))
    expect(await events()).toStrictEqual([
      ['open', 'attempt'],
      ['open', 'gap', 'attempt'],
    ])
    expect((await files()).map(({ lines }) => lines.at(-1)?.['ms'])).toStrictEqual([1, 2])
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
    disk.fdatasync = (fd, done) => {
      fs.rmSync(`${directory}/${name}`)
      syncWell(fd, done)
    }
    await expect(writer.append(attemptFields)).rejects.toMatchObject({ code: 'file_removed' })
  })

  it('hangs makes the record fail after 2 s', async () => {
    const { files, events, writer, changes } = await start()
    const hanging: Done[] = []
    disk.fdatasync = (_fd, done) => void hanging.push(done)
    await expect(writer.append(numbered(1))).rejects.toMatchObject({ code: 'slow_disk' })
    expect(changes).toStrictEqual([[false, 'slow_disk']])
    // A closed descriptor's number could mean another file before the sync ends.
    expect(disk.calls).not.toContain('close')
    disk.fdatasync = syncWell
    hanging[0]?.(null)
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
    const hanging: Done[] = []
    disk.fdatasync = failToSync
    await expect(writer.append(attemptFields)).rejects.toThrow('EIO')
    disk.fdatasync = (_fd, done) => void hanging.push(done)
    await expect(recovery(writer, 5_500)).rejects.toThrow('expected false to be true')
    expect(hanging).toHaveLength(1)
    const [, late = ''] = fs.readdirSync(directory).toSorted()
    disk.fdatasync = syncWell
    hanging[0]?.(null)
    await recovery(writer)
    const names = fs.readdirSync(directory)
    expect(names).toHaveLength(2)
    expect(names).not.toContain(late)
  })
})
