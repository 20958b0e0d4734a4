/** Pauses in AUDIT_DIR, one small file each, so that writers never overwrite what another one wrote. */
import { hash, randomBytes } from 'node:crypto'
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PAUSES_NAME } from '../audit/format.ts'
import { codeOf } from '../errors.ts'
import { readSmallFile } from '../read-file.ts'
import { formatEntry, type PauseEntry, parseEntry, type Scoped, toScopeKey } from './pause.ts'

/** A name that every file system takes, the same for the same scope. */
const toName = (scoped: Scoped): string => `${hash('sha256', toScopeKey(scoped)).slice(0, 16)}.json`

const entryName = /^[0-9a-f]{16}\.json$/

/** A directory that changed within this time is read again: a second change may have the same time. */
const SETTLE_MS = 2_000
/** Also without a change of the directory: someone may edit a file, and a server may hide changes for a while. */
const MAX_UNREAD_MS = 15_000

export interface ReadPauses {
  readonly entries: readonly PauseEntry[]
  /** Files that have the name of a pause, but are none. */
  readonly invalid: number
}

export interface PauseFilesOptions {
  /** AUDIT_DIR. */
  readonly auditDirectory: string
  /** Milliseconds. */
  readonly unixNow: () => number
}

const none: ReadPauses = { entries: [], invalid: 0 }

export class PauseFiles {
  readonly #directory: string
  readonly #unixNow: () => number
  #last: (ReadPauses & { readonly version: bigint; readonly atMs: number }) | undefined

  constructor({ auditDirectory, unixNow }: PauseFilesOptions) {
    this.#directory = join(auditDirectory, PAUSES_NAME)
    this.#unixNow = unixNow
  }

  /** Throws what the file system throws, if AUDIT_DIR is not there. */
  async checkPlace(): Promise<void> {
    await access(dirname(this.#directory))
  }

  /** Throws what the file system throws. */
  async read(): Promise<ReadPauses> {
    const nowMs = this.#unixNow()
    const changed = await this.#lastChange()
    if (changed === undefined) return none
    const last = this.#last
    if (last?.version === changed && Math.abs(nowMs - last.atMs) < MAX_UNREAD_MS) return last
    const found = await this.#readAll()
    const isSettled = Math.abs(nowMs - Number(changed / 1_000_000n)) > SETTLE_MS
    this.#last = isSettled ? { ...found, version: changed, atMs: nowMs } : undefined
    return found
  }

  /** Replaces the file of the scope at once and durably. Throws what the file system throws. */
  async write(entry: PauseEntry): Promise<void> {
    await this.#createDirectory()
    const path = this.#toPath(entry)
    const draft = `${path}.${randomBytes(8).toString('hex')}`
    try {
      // The service may run as another user than the command line. AUDIT_DIR keeps all others out.
      const file = await open(draft, 'wx', 0o644)
      try {
        await file.writeFile(formatEntry(entry))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw error
    }
    this.#last = undefined
  }

  async remove(entry: PauseEntry): Promise<void> {
    await rm(this.#toPath(entry), { force: true })
    this.#last = undefined
  }

  #toPath(entry: PauseEntry): string {
    return join(this.#directory, toName(entry))
  }

  /** Undefined where there was no pause yet. */
  async #lastChange(): Promise<bigint | undefined> {
    try {
      return (await stat(this.#directory, { bigint: true })).mtimeNs
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  async #readAll(): Promise<ReadPauses> {
    const names = (await readdir(this.#directory)).filter((name) => entryName.test(name))
    const entries: PauseEntry[] = []
    for (const name of names) {
      const text = await readSmallFile(join(this.#directory, name)).then(String, () => '')
      const entry = parseEntry(text)
      // A copy under another name would outlive its scope's own file.
      if (entry !== undefined && name === toName(entry)) entries.push(entry)
    }
    return { entries, invalid: names.length - entries.length }
  }

  /** Never creates AUDIT_DIR: where there is none, no service keeps its records. */
  async #createDirectory(): Promise<void> {
    try {
      await mkdir(this.#directory, 0o755)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}
