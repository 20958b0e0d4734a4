/** The files that were in the directory before, and the records with which the next file names them. */
import { readdir } from 'node:fs/promises'
import type { HmacKey } from '../hmac.ts'
import { type Head, isFileName, type Mention, type NamedHead, readMentions } from './format.ts'
import { type OldFile, readOldFile } from './old-file.ts'
import { type RecordFields, toEventFields } from './record.ts'

export interface Survey {
  /** To be named. */
  readonly heads: readonly NamedHead[]
  /** To be vouched for. */
  readonly torn: readonly Mention[]
  /** Names of files that nothing more will be written to. */
  readonly ended: readonly string[]
}

export interface EarlierFilesOptions {
  readonly directory: string
  /** The chain's key: a line that is not sealed with it does not count. */
  readonly key: HmacKey
  /** Milliseconds. */
  readonly unixNow: () => number
}

/** Names of audit files in `directory`, oldest first. */
export async function listAuditFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter(isFileName).toSorted()
}

/** A file without a line may be one that is being opened, and that is removed again if opening it fails. */
const NEW_FILE_MS = 10_000

/** A live writer writes each minute. */
const DEAD_WRITER_MS = 300_000

const MAX_READERS = 8

const toKey = ({ file, mac, tornBytes = null }: NamedHead & Partial<Mention>): string =>
  `${file} ${mac} ${tornBytes ?? ''}`

/** Who vouches for the end of a file also names it. */
const toKeys = (mention: Mention): string[] => [toKey({ ...mention, tornBytes: null }), toKey(mention)]

/** The file may be an earlier one, or one that this process wrote. */
export const toNamedHead = ({ name, head }: { name: string; head: Head | null }): NamedHead => ({
  file: name,
  seq: head?.seq ?? null,
  mac: head?.mac ?? null,
})

export const toMentions = ({ firstRecords }: OldFile): Mention[] =>
  firstRecords.flatMap(({ event, detail }) => readMentions(event, detail) ?? [])

const isClosed = ({ head }: OldFile): boolean => head?.event === 'close'

/** Remembers what it has read: the first survey reads every file, a later one only files that may have changed. */
export class EarlierFiles {
  readonly #options: EarlierFilesOptions
  readonly #mentioned = new Set<string>()
  /** Ended, and fully on record: never read again. */
  readonly #settled = new Set<string>()

  constructor(options: EarlierFilesOptions) {
    this.#options = options
  }

  /** Reads all files except `own`. Rejects if the directory cannot be read. */
  async survey(own: string | undefined): Promise<Survey> {
    const names = await listAuditFiles(this.#options.directory)
    const files = await this.#read(names.filter((name) => name !== own && !this.#settled.has(name)))
    for (const key of files.flatMap(toMentions).flatMap(toKeys)) this.#mentioned.add(key)
    const known = files.filter((file) => !this.#isNew(file))
    return {
      heads: known.map(toNamedHead).filter((head) => !this.#mentioned.has(toKey(head))),
      // A crash leaves no bytes after a `close`: verify reports them.
      torn: known
        .filter((file) => file.tornBytes > 0 && !isClosed(file))
        .map((file) => Object.assign(toNamedHead(file), { tornBytes: file.tornBytes }))
        .filter((mention) => !this.#mentioned.has(toKey(mention))),
      ended: files.filter((file) => this.#isEnded(file)).map(({ name }) => name),
    }
  }

  /** To be called when a survey is on record: no later file needs to repeat it. */
  mention({ heads, torn, ended }: Survey): void {
    for (const name of ended) this.#settled.add(name)
    for (const mention of [...heads, ...torn]) this.#mentioned.add(toKey(mention))
  }

  #isEnded(file: OldFile): boolean {
    return isClosed(file) || this.#options.unixNow() - file.modifiedAt > DEAD_WRITER_MS
  }

  #isNew({ head, modifiedAt }: OldFile): boolean {
    return head === null && this.#options.unixNow() - modifiedAt < NEW_FILE_MS
  }

  async #read(names: readonly string[]): Promise<OldFile[]> {
    const { directory, key } = this.#options
    const remaining = names.values()
    async function readSome(): Promise<OldFile[]> {
      const files: OldFile[] = []
      for (const name of remaining) {
        const file = await readOldFile(directory, name, key)
        if (file !== undefined) files.push(file)
      }
      return files
    }
    const files = await Promise.all(Array.from({ length: MAX_READERS }, readSome))
    return files.flat().toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }
}

/** Why nothing was acknowledged between a writer's last file and this one. */
export interface Gap {
  readonly cause: string
  /** Records that could not be written. */
  lost: number
}

export interface FirstRecordsOptions {
  /** Its own name. */
  readonly file: string
  /** Identifies the key that seals the file. */
  readonly keyId: string
  readonly earlier: Survey
  /** After the last line that was acknowledged. */
  readonly gap: (NamedHead & Gap) | undefined
}

/** Keeps each line below 2 KiB; more heads go into further `open` records. */
const HEADS_PER_RECORD = 8

export function toFirstRecords({ file, keyId, earlier, gap }: FirstRecordsOptions): RecordFields[] {
  const { heads } = earlier
  const chunks = Array.from({ length: Math.max(1, Math.ceil(heads.length / HEADS_PER_RECORD)) }, (_, index) =>
    heads.slice(index * HEADS_PER_RECORD, (index + 1) * HEADS_PER_RECORD),
  )
  return [
    ...chunks.map((some) => toEventFields('open', { detail: { file, key: keyId, heads: some } })),
    ...earlier.torn.map(({ tornBytes, ...head }) =>
      toEventFields('recovered', { detail: { ...head, torn_bytes: tornBytes } }),
    ),
    ...(gap === undefined ? [] : [toEventFields('gap', { detail: { ...gap } })]),
  ]
}
