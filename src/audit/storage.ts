/** What the file system of AUDIT_DIR promises about the records in it. */
import type { StatsFs } from 'node:fs'
import { stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { codeOf } from '../errors.ts'

/** `container`: the container's own layer, or the root file system of a platform that discards it. */
export type Storage = 'disk' | 'memory' | 'container'

/** By the type that the kernel reports. */
const storages: ReadonlyMap<number, Storage> = new Map([
  [0x01021994, 'memory'], // tmpfs
  [0x858458f6, 'memory'], // ramfs
  [0x794c7630, 'container'], // overlayfs
])

/** Some systems report the type as a negative number. */
export const toStorage = (type: number): Storage => storages.get(type >>> 0) ?? 'disk'

/** procfs and sysfs, where nobody can create a file. */
const kernelTypes: ReadonlySet<number> = new Set([0x9fa0, 0x62656572])

/** For the first records, and an audit key. */
const MIN_FREE_BYTES = 1024 * 1024

/** What keeps every file out of a file system. One in memory without a bound reports no blocks, and some report no files. */
export function toFileSystemProblem({
  type,
  blocks,
  bavail,
  bsize,
  files,
  ffree,
}: Omit<StatsFs, 'bfree' | 'frsize'>): string | undefined {
  if (kernelTypes.has(type))
    return 'AUDIT_DIR: must be on a disk or a volume. The system keeps no files in this place'
  if (blocks > 0 && bavail * bsize < MIN_FREE_BYTES) return 'AUDIT_DIR: the disk is full. Free space'
  return files > 0 && ffree === 0
    ? 'AUDIT_DIR: the file system has no room for another file. Remove files, or use another volume'
    : undefined
}

export interface AuditPlace {
  readonly audit: { readonly directory: string; readonly copyToLog: boolean; readonly key?: unknown }
  /** The name of the platform, if it is known: such platforms discard the root file system of an instance. */
  readonly platform: string | undefined
}

/** The directory or, while it does not exist, the one that it would be created in. */
async function findExisting(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return findExisting(dirname(path))
  }
}

/** Throws what the file system throws. */
export async function findStorage({ audit, platform }: AuditPlace): Promise<Storage> {
  const directory = await findExisting(resolve(audit.directory))
  const found = toStorage((await statfs(directory)).type)
  if (found !== 'disk' || platform === undefined) return found
  const [own, root] = await Promise.all([stat(directory), stat('/')])
  return own.dev === root.dev ? 'container' : 'disk'
}

const places: Readonly<Record<Exclude<Storage, 'disk'>, string>> = {
  memory: 'is in memory',
  container: 'is in the container’s own layer, not on a volume',
}

/** What records do not survive, and what to do about it; undefined where they are on a disk. */
export function toStorageWarning({ audit, platform }: AuditPlace, storage: Storage): string | undefined {
  if (storage === 'disk') return undefined
  const place = `AUDIT_DIR: ${places[storage]}`
  const page = `docs/platforms.md has the settings${platform === undefined ? '' : ` for ${platform}`}`
  if (!audit.copyToLog) {
    return `${place}: all records are lost when this instance ends. Mount a volume, or set AUDIT_COPY_TO_LOG=true. ${page}`
  }
  return audit.key === undefined
    ? `${place}, and so is the audit key: without it, the copies in the log cannot be verified. Set AUDIT_KEY_FILE. ${page}`
    : `${place}: records outlive this instance only as copies in the log. A killed instance may lose the copies of its last 0.1 s`
}
