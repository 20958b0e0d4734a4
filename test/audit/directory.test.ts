import { existsSync } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createDirectory, syncDirectory } from '../../src/audit/directory.ts'
import { createTemporaryDirectory } from '../support/service.ts'

describe('the directory of the audit', () => {
  it('is created with its parents, and closed to other users', async () => {
    const path = join(await createTemporaryDirectory(), 'var', 'audit')
    await createDirectory(path)
    expect((await stat(path)).mode & 0o027).toBe(0)
  })

  it('is left as it is if it exists', async () => {
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'kept'), '')
    await createDirectory(directory)
    expect(existsSync(join(directory, 'kept'))).toBe(true)
  })

  it('is created by replicas that start together', async () => {
    const path = join(await createTemporaryDirectory(), 'var', 'lib', 'audit')
    await Promise.all([createDirectory(path), createDirectory(path), createDirectory(path)])
    expect(existsSync(path)).toBe(true)
  })

  it('is an error below a file', async () => {
    const path = join(await createTemporaryDirectory(), 'file')
    await writeFile(path, '')
    await expect(createDirectory(join(path, 'audit'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it.runIf(existsSync('/proc/self'))('is an error where nothing can be created', async () => {
    await expect(createDirectory('/proc/audit/of/mint')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.runIf(existsSync('/proc/self'))('may be impossible to sync on Windows, and only there', async () => {
    await expect(syncDirectory('/proc', 'linux')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(syncDirectory('/proc', 'win32')).resolves.toBeUndefined()
    await expect(syncDirectory('/nowhere', 'win32')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
