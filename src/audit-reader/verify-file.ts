/** One file of the audit, byte by byte, from its first line to what may stand behind its last. */
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Head,
  type Heading,
  isMoreThanALine,
  isSealedBy,
  namesFiles,
  readHeading,
  readKeyId,
  readOwnName,
  readSeal,
} from '../audit/format.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { type BrokenClaim, type Claim, ClaimsCheck, readDetail, toClaims } from './claims.ts'
import type { Finding, FindingReason, Place } from './findings.ts'
import { type Line, splitLines } from './lines.ts'
import { openAudit, readChunks } from './listing.ts'

export type VerifyKey = Pick<AuditKeys, 'id' | 'chain'>

export interface FileReport {
  readonly name: string
  /** What is wrong with the file itself; what follows here then ends before it. */
  readonly finding: Finding | null
  readonly writer: string | null
  readonly firstSeq: number | null
  /** Its last good line. */
  readonly head: Head | null
  readonly lines: number
  /** Ended on purpose. */
  readonly isClosed: boolean
  /** Nothing in it but what a writer says as it opens a file. */
  readonly isOpeningOnly: boolean
  /** What comes after the last line feed: no bytes if the file is complete. */
  readonly torn: { readonly place: Place; readonly bytes: number }
  /** What it says about other files. */
  readonly claims: readonly Claim[]
  /** What was said about it and does not hold. */
  readonly broken: readonly BrokenClaim[]
}

export interface VerifyFileOptions {
  readonly directory: string
  readonly name: string
  /** Any of which may have sealed the file. */
  readonly keys: readonly VerifyKey[]
  /** What is said about the file. */
  readonly claims: readonly Claim[]
  /** Told of bytes as they are read. */
  readonly onRead?: ((bytes: number) => void) | undefined
}

const openingEvents: ReadonlySet<string> = new Set(['open', 'recovered', 'gap'])

/** Takes the lines of a file one after another. A line that it refuses is not counted. */
export class FileCheck {
  readonly #name: string
  readonly #keys: readonly VerifyKey[]
  readonly #check: ClaimsCheck
  readonly #claims: Claim[] = []
  /** Null: one that is not among ours. Then only what needs no key is judged. */
  #key: VerifyKey | null = null
  #finding: Finding | null = null
  #writer: string | null = null
  #firstSeq: number | null = null
  #head: Head | null = null
  #lines = 0
  #isClosed = false
  #isOpeningOnly = true
  #tornBytes = 0

  constructor({ name, keys, claims }: Pick<VerifyFileOptions, 'name' | 'keys' | 'claims'>) {
    this.#name = name
    this.#keys = keys
    this.#check = new ClaimsCheck(claims)
  }

  /** Whether there is a reason to read on. */
  take(line: Line): boolean {
    const place = { line: this.#lines + 1, byte: line.offset }
    const reason = line.end === 'none' ? this.#takeTorn(line) : this.#takeLine(line, place)
    // A line under a key of ours, in a file whose first line names another key: the first line was changed.
    const isFirstChanged = reason !== null && this.#key === null && this.#findKey(line.bytes) !== undefined
    if (reason !== null) this.#find(reason, isFirstChanged ? { line: 1, byte: 0 } : place)
    return reason === null
  }

  end(bytes: number): FileReport {
    if (this.#finding === null && this.#lines > 0 && this.#key === null) this.#find('key_unknown', null)
    // Without the key, it still can be told that a line is not there.
    if (this.#finding === null || this.#finding.reason === 'key_unknown') {
      this.#check.seeEnd({ line: this.#lines + 1, byte: bytes })
    }
    return {
      name: this.#name,
      finding: this.#finding,
      writer: this.#writer,
      firstSeq: this.#firstSeq,
      head: this.#head,
      lines: this.#lines,
      isClosed: this.#isClosed,
      isOpeningOnly: this.#isOpeningOnly,
      torn: { place: { line: this.#lines + 1, byte: bytes - this.#tornBytes }, bytes: this.#tornBytes },
      claims: this.#claims,
      broken: this.#check.broken,
    }
  }

  #find(reason: FindingReason, place: Place | null): void {
    this.#finding = { file: this.#name, reason, place, witness: null }
  }

  #takeTorn({ bytes, length }: Line): FindingReason | null {
    if (isMoreThanALine(bytes)) return 'line_changed'
    this.#tornBytes = length
    return null
  }

  #takeLine({ bytes, end }: Line, place: Place): FindingReason | null {
    if (end === 'too_long') return 'line_changed'
    const seal = readSeal(bytes)
    if (seal === undefined) return 'line_changed'
    const unsealed = this.#judgeSeal(bytes, seal.mac)
    if (unsealed !== null) return unsealed
    const heading = readHeading(bytes)
    if (heading === undefined) return this.#key === null ? 'key_unknown' : 'version_unknown'
    const strange = this.#judgeOrder(heading, seal.prev) ?? this.#judgeWords(heading, bytes, place)
    if (strange !== null) return strange
    this.#check.seeLine(heading.seq, seal.mac, place)
    this.#advance(heading, seal.mac)
    return null
  }

  #judgeSeal(bytes: Buffer, mac: string): FindingReason | null {
    const key = this.#key
    if (key !== null) return isSealedBy(key.chain, bytes, mac) ? null : 'line_changed'
    const found = this.#findKey(bytes)
    if (this.#lines === 0) {
      this.#key = found ?? null
      if (found !== undefined) return null
      const id = readKeyId(bytes)
      // Under a key of ours it would have to hold; without the id of any, it never was a first line.
      return id === undefined || this.#keys.some((one) => one.id === id) ? 'line_changed' : null
    }
    return found === undefined ? null : 'line_changed'
  }

  #findKey(bytes: Buffer): VerifyKey | undefined {
    const mac = readSeal(bytes)?.mac
    return mac === undefined ? undefined : this.#keys.find(({ chain }) => isSealedBy(chain, bytes, mac))
  }

  #judgeOrder({ seq, event, writer }: Heading, prev: string | null): FindingReason | null {
    const before = this.#head
    if (before === null) return event === 'open' && prev === null ? null : 'line_changed'
    const follows =
      prev === before.mac && seq === before.seq + 1 && writer === this.#writer && !this.#isClosed
    return follows ? null : 'line_changed'
  }

  #judgeWords({ event, seq }: Heading, bytes: Buffer, { line }: Place): FindingReason | null {
    // What nobody could seal has nothing to say about others.
    if (this.#key === null) return null
    const isFromStart = (this.#firstSeq ?? seq) === 0
    // Most records name no file, and need not be parsed.
    const detail = namesFiles(event) ? readDetail(bytes) : undefined
    const claims = toClaims({ event, witness: { file: this.#name, line }, isFromStart }, detail)
    if (claims === undefined) return 'version_unknown'
    if (event === 'open' && readOwnName(detail) !== this.#name) return 'file_renamed'
    this.#claims.push(...claims)
    return null
  }

  #advance({ writer, seq, event }: Heading, mac: string): void {
    this.#writer ??= writer
    this.#firstSeq ??= seq
    this.#head = { seq, mac }
    this.#lines += 1
    this.#isClosed = event === 'close'
    this.#isOpeningOnly &&= openingEvents.has(event)
  }
}

/** Of a line in the midst of being written, part can be seen. */
const MAX_READS = 3

/**
 * Reads what the file holds now; what a service appends meanwhile is read the next time. Throws what the file system
 * throws.
 */
export async function verifyFile(options: VerifyFileOptions, reads = 1): Promise<FileReport> {
  const file = await openAudit(join(options.directory, options.name))
  try {
    const { size } = await file.stat()
    const report = await readOnce(file, size, options)
    const isGrowing = report.torn.bytes > 0 && (await file.stat()).size > size
    return isGrowing && reads < MAX_READS ? await verifyFile(options, reads + 1) : report
  } finally {
    await file.close()
  }
}

async function readOnce(file: FileHandle, size: number, options: VerifyFileOptions): Promise<FileReport> {
  const check = new FileCheck(options)
  const onRead = options.onRead ?? (() => undefined)
  for await (const lines of splitLines(readChunks(file, size, onRead))) {
    if (!lines.every((line) => check.take(line))) break
  }
  return check.end(size)
}
