/** The files of a directory that were there before: which of them nobody has named yet, and which end torn. */
import type { KeyObject } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { z } from 'zod'
import { codeOf } from '../errors.ts'
import { type OldFile, readOldFile, type SealedRecord, type Torn } from './old-file.ts'

/** The last good line of a file; nulls where it has not one. */
export interface NamedHead {
  readonly file: string
  readonly seq: number | null
  readonly mac: string | null
}

export interface TornFile {
  readonly head: NamedHead
  readonly torn: Torn
}

export interface Survey {
  /** To be named. */
  readonly heads: readonly NamedHead[]
  /** To be vouched for. */
  readonly torn: readonly TornFile[]
  /** Names of files to which nothing more will be written. */
  readonly over: readonly string[]
}

export interface PredecessorsOptions {
  readonly directory: string
  /** Of the chain: what is not sealed with it is not believed. */
  readonly key: KeyObject
  /** Milliseconds. */
  readonly unixNow: () => number
}

const auditFile = /^audit-\d{8}T\d{9}Z-[0-9a-f]{16}\.jsonl$/

/** Names of audit files in `directory`, oldest first. */
export async function listAuditFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => auditFile.test(name)).toSorted()
}

/** A file without a line yet may be one that is being opened, and it goes again if that fails. */
const NEWBORN_MS = 10_000

/** Every writer that lives breaks silence each minute. */
const DEAD_MS = 300_000

const READERS = 8

const head = z.object({ file: z.string(), seq: z.int().nullable(), mac: z.string().nullable() })
const open = z.object({ heads: z.array(head) })
const recovered = head.extend({ torn_sha256: z.string() })

const toKey = ({ file, mac }: NamedHead, torn = ''): string => `${file} ${mac} ${torn}`

/** What a record says of other files, as keys. */
function toMentions({ event, detail }: SealedRecord): string[] {
  if (event === 'open') return open.safeParse(detail).data?.heads.map((one) => toKey(one)) ?? []
  const { data } = recovered.safeParse(detail)
  return data === undefined ? [] : [toKey(data), toKey(data, data.torn_sha256)]
}

export const toNamedHead = ({ name, head: last }: Pick<OldFile, 'name' | 'head'>): NamedHead => ({
  file: name,
  seq: last?.seq ?? null,
  mac: last?.mac ?? null,
})

/** The files that a file names in its first records. */
export const toNamedFiles = ({ opening }: Pick<OldFile, 'opening'>): string[] =>
  opening.flatMap(({ detail }) => open.safeParse(detail).data?.heads ?? []).map(({ file }) => file)

/** Undefined where there is no such file any more; one that cannot be read, or is no file, has no good line. */
export async function readPredecessor(
  directory: string,
  name: string,
  key: KeyObject,
): Promise<OldFile | undefined> {
  try {
    return await readOldFile(directory, name, key)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    return { name, head: null, endedAt: null, closed: false, torn: null, modifiedAt: 0, opening: [] }
  }
}

/** Remembers what it has read: a first survey reads every file, a later one only what may have changed. */
export class Predecessors {
  readonly #options: PredecessorsOptions
  readonly #mentioned = new Set<string>()
  /** Over, and all about them is on record: never read again. */
  readonly #settled = new Set<string>()

  constructor(options: PredecessorsOptions) {
    this.#options = options
  }

  /** Of all files but `own`. Rejects where the directory cannot be read; a file that cannot be has no good line. */
  async survey(own: string | undefined): Promise<Survey> {
    const names = await listAuditFiles(this.#options.directory)
    const files = await this.#read(names.filter((name) => name !== own && !this.#settled.has(name)))
    for (const { opening } of files) {
      for (const mention of opening.flatMap(toMentions)) this.#mentioned.add(mention)
    }
    return {
      heads: files
        .filter((file) => !this.#isNewborn(file))
        .map(toNamedHead)
        .filter((one) => !this.#mentioned.has(toKey(one))),
      torn: files.flatMap((file) => this.#toTorn(file)),
      over: files.filter((file) => this.#isOver(file)).map(({ name }) => name),
    }
  }

  /** After a survey is on record: nobody needs to say any of it again. */
  mention({ heads, torn, over }: Survey): void {
    for (const name of over) this.#settled.add(name)
    for (const one of heads) this.#mentioned.add(toKey(one))
    for (const { head: one, torn: rest } of torn) this.#mentioned.add(toKey(one, rest.sha256))
  }

  #isOver({ closed, modifiedAt }: OldFile): boolean {
    return closed || this.#options.unixNow() - modifiedAt > DEAD_MS
  }

  #isNewborn({ head: last, modifiedAt }: OldFile): boolean {
    return last === null && this.#options.unixNow() - modifiedAt < NEWBORN_MS
  }

  /** Bytes after a `close` are no crash: nobody vouches for them. */
  #toTorn(file: OldFile): TornFile[] {
    const { torn, closed } = file
    if (torn === null || closed || this.#isNewborn(file)) return []
    const one = { head: toNamedHead(file), torn }
    return this.#mentioned.has(toKey(one.head, torn.sha256)) ? [] : [one]
  }

  async #read(names: readonly string[]): Promise<OldFile[]> {
    const { directory, key } = this.#options
    const remaining = names.values()
    async function readSome(): Promise<OldFile[]> {
      const files: OldFile[] = []
      for (const name of remaining) {
        const file = await readPredecessor(directory, name, key)
        if (file !== undefined) files.push(file)
      }
      return files
    }
    const files = await Promise.all(Array.from({ length: READERS }, readSome))
    return files.flat().toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }
}
