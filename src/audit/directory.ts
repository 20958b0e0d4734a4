/** The directory that holds the files. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../errors.ts'

/** Leaves what is there, whatever it is. */
async function createOne(path: string): Promise<void> {
  try {
    await mkdir(path, 0o750)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/**
 * Creates it with those above it. Rejects with what the file system says; Node's own `recursive` asks again for ever
 * where a directory is there and none can be created in it, as below /proc or in a working directory that was removed.
 */
export async function createDirectory(path: string): Promise<void> {
  try {
    await createOne(path)
  } catch (error) {
    const above = dirname(path)
    if (codeOf(error) !== 'ENOENT' || above === path) throw error
    await createDirectory(above)
    await createOne(path)
  }
}

/** Makes names in a directory as durable as the content of its files. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
