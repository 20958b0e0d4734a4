// What the service says about a directory that does not outlive its instance.
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findStorage, toFileSystemProblem, toStorage, toStorageWarning } from '../../src/audit/storage.ts'

const place = (directory: string, platform?: string, copyToLog = false, key?: string) => ({
  audit: { directory, copyToLog, key },
  platform,
})

describe('the storage of a directory', () => {
  it.each([
    [0x01021994, 'memory'],
    [0x858458f6, 'memory'],
    [0x858458f6 - 2 ** 32, 'memory'],
    [0x794c7630, 'container'],
    [0xef53, 'disk'],
    [0x6969, 'disk'],
  ])('of type %i is %s', (type, storage) => {
    expect(toStorage(type)).toBe(storage)
  })

  it.runIf(process.platform === 'linux')(
    'is read from the kernel, also before the directory exists',
    async () => {
      const directory = await mkdtemp('/dev/shm/realtime-mint-test-')
      onTestFinished(() => rm(directory, { recursive: true }))
      expect(await findStorage(place(join(directory, 'not', 'yet')))).toBe('memory')
    },
  )

  it('is not a disk in the root file system of a platform that discards it', async () => {
    expect(await findStorage(place('/', 'Fly'))).toBe('container')
  })
})

describe('the warning', () => {
  it('is absent for a disk', () => {
    expect(toStorageWarning(place('/'), 'disk')).toBeUndefined()
  })

  it.each([
    [
      'that nothing outlives the instance',
      place('/', 'Fly'),
      /lost when this instance ends.*settings for Fly$/,
    ],
    ['that the key is lost too', place('/', undefined, true), /Set AUDIT_KEY_FILE/],
    ['what the copies promise', place('/', undefined, true, 'key'), /only as copies in the log.*0\.1 s$/],
  ])('says %s', (_what, given, text) => {
    expect(toStorageWarning(given, 'memory')).toMatch(text)
  })
})

describe('a file system', () => {
  const full = 'AUDIT_DIR: the disk is full. Free space'
  const noDisk = 'AUDIT_DIR: must be on a disk or a volume. The system keeps no files in this place'
  const noRoom =
    'AUDIT_DIR: the file system has no room for another file. Remove files, or use another volume'
  const ext4 = { type: 0xef53, blocks: 1_000_000, bsize: 4096, files: 1_000, ffree: 1 }

  it.each([
    ['with space', { ...ext4, bavail: 256 }, undefined],
    ['with less than 1 MiB', { ...ext4, bavail: 255 }, full],
    ['without space', { ...ext4, bavail: 0 }, full],
    ['without room for another file', { ...ext4, bavail: 256, ffree: 0 }, noRoom],
    ['that does not count files', { ...ext4, bavail: 256, files: 0, ffree: 0 }, undefined],
    ['in memory, without a bound', { ...ext4, type: 0x01021994, blocks: 0, bavail: 0 }, undefined],
    ['of processes', { ...ext4, type: 0x9fa0, blocks: 0, bavail: 0 }, noDisk],
    ['of the kernel', { ...ext4, type: 0x62656572, blocks: 0, bavail: 0 }, noDisk],
  ])('%s', (_, stats, problem) => {
    expect(toFileSystemProblem(stats)).toBe(problem)
  })
})
