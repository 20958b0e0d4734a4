/** The directory of the audit files. */
import { statSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '../errors.ts'
import { ConfigError } from '../problems.ts'

/** Leaves anything that is already there. */
async function createOne(path: string): Promise<void> {
  try {
    await mkdir(path, 0o750)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/**
 * Creates a directory and its parents. Rejects with what the file system says. Node's own `recursive` never returns if a
 * parent exists but nothing can be created in it, as below /proc or in a removed working directory.
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

/** Windows cannot sync a directory. */
const windowsCodes: ReadonlySet<string | undefined> = new Set(['EPERM', 'EISDIR', 'EINVAL'])

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string, platform = process.platform): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (platform !== 'win32' || !windowsCodes.has(codeOf(error))) throw error
  }
}

/**
 * Before root writes into a directory of another user, it becomes that user: links in it could lead to files that only
 * root may change. What it needs of root's own files must be read before. Throws a ConfigError if it may not.
 */
export function actAsOwner(directory: string): void {
  if (process.geteuid?.() !== 0) return
  const owner = statSync(directory, { throwIfNoEntry: false })
  if (owner === undefined || owner.uid === 0) return
  try {
    process.setgroups?.([owner.gid])
    process.setegid?.(owner.gid)
    process.seteuid?.(owner.uid)
  } catch {
    // A container may take this privilege from root.
    throw new ConfigError([`AUDIT_DIR: belongs to user ${owner.uid}. Run this as that user`])
  }
}
