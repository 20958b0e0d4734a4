/** Verifies one file of the audit, from its first line to the bytes after its last. */
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
  /** What is wrong with the file itself; the other facts are of the lines before. */
  readonly finding: Finding | null
  readonly writer: string | null
  readonly firstSeq: number | null
  /** Its last good line. */
  readonly head: Head | null
  readonly lines: number
  /** Whether it ends with a `close`. */
  readonly isClosed: boolean
  /** Whether it has only the records with which a file is opened. */
  readonly hasFirstRecordsOnly: boolean
  /** What comes after the last line feed: no bytes if the file is complete. */
  readonly torn: { readonly place: Place; readonly bytes: number }
  /** About other files. */
  readonly claims: readonly Claim[]
  /** Claims about it that are not true. */
  readonly broken: readonly BrokenClaim[]
}

export interface VerifyFileOptions {
  readonly directory: string
  readonly name: string
  /** One of them may have sealed the file. */
  readonly keys: readonly VerifyKey[]
  /** About the file. */
  readonly claims: readonly Claim[]
  /** When the log begins that the file is from, in Unix milliseconds; undefined for a file of a directory. */
  readonly logBeginsAtMs?: number | undefined
  /** Called with the number of bytes that were read. */
  readonly onRead?: ((bytes: number) => void) | undefined
}

const firstRecordEvents: ReadonlySet<string> = new Set(['open', 'recovered', 'gap'])

/** A running writer writes each minute: its first line in a log comes within this time. */
const FIRST_LINE_MS = 90_000

/** Takes the lines of a file in order. Refused lines are not counted. */
export class FileCheck {
  readonly #keys: readonly VerifyKey[]
  readonly #check: ClaimsCheck
  readonly #logBeginsAtMs: number | undefined
  readonly #claims: Claim[] = []
  readonly #report: { -readonly [Name in keyof FileReport]: FileReport[Name] }
  /** Null: the key is unknown. Then only what needs no key is judged. */
  #key: VerifyKey | null = null

  constructor({ name, keys, claims, logBeginsAtMs }: Omit<VerifyFileOptions, 'directory' | 'onRead'>) {
    this.#keys = keys
    this.#logBeginsAtMs = logBeginsAtMs
    this.#check = new ClaimsCheck(claims)
    this.#report = {
      name,
      finding: null,
      writer: null,
      firstSeq: null,
      head: null,
      lines: 0,
      isClosed: false,
      hasFirstRecordsOnly: true,
      torn: { place: { line: 1, byte: 0 }, bytes: 0 },
      claims: this.#claims,
      broken: this.#check.broken,
    }
  }

  /** False if the rest of the file need not be read. */
  take(line: Line): boolean {
    const place = { line: this.#report.lines + 1, byte: line.offset }
    const reason = line.end === 'none' ? this.#takeTorn(line, place) : this.#takeLine(line, place)
    if (reason === null) return true
    // A line under a key of ours, in a file whose first line names another key: the first line was changed.
    const isFirstChanged = this.#key === null && this.#findKey(line.bytes) !== undefined
    this.#find(reason, isFirstChanged ? { line: 1, byte: 0 } : place)
    return false
  }

  end(bytes: number): FileReport {
    const report = this.#report
    if (report.finding === null && report.lines > 0 && this.#key === null) this.#find('key_unknown', null)
    const end = { line: report.lines + 1, byte: bytes }
    // A missing line shows without the key, too.
    if (report.finding === null || report.finding.reason === 'key_unknown') this.#check.seeEnd(end)
    if (report.torn.bytes === 0) report.torn = { place: end, bytes: 0 }
    return report
  }

  #find(reason: FindingReason, place: Place | null): void {
    this.#report.finding = { file: this.#report.name, reason, place, witness: null }
  }

  #takeTorn({ bytes, length }: Line, place: Place): FindingReason | null {
    if (isMoreThanALine(bytes)) return 'line_changed'
    this.#report.torn = { place, bytes: length }
    return null
  }

  #takeLine({ bytes, end }: Line, place: Place): FindingReason | null {
    const seal = end === 'too_long' ? undefined : readSeal(bytes)
    if (seal === undefined || !this.#isSealed(bytes, seal.mac)) return 'line_changed'
    const heading = readHeading(bytes)
    if (heading === undefined) return this.#key === null ? 'key_unknown' : 'version_unknown'
    if (!this.#isNext(heading, seal.prev)) return 'line_changed'
    const reason = this.#judgeClaims(heading, bytes, place)
    if (reason !== null) return reason
    this.#check.seeLine(heading.seq, seal.mac, place)
    this.#advance(heading, seal.mac)
    return null
  }

  /** With the key of the file, or, if that is unknown, with none of ours. */
  #isSealed(bytes: Buffer, mac: string): boolean {
    if (this.#key !== null) return isSealedBy(this.#key.chain, bytes, mac)
    const found = this.#findKey(bytes)
    if (this.#report.lines > 0) return found === undefined
    this.#key = found ?? null
    if (found !== undefined) return true
    // A first line names its key: one of ours would have sealed it.
    const id = readKeyId(bytes)
    if (id === undefined) return this.#isLaterPart(readHeading(bytes))
    return this.#keys.every((one) => one.id !== id)
  }

  #findKey(bytes: Buffer): VerifyKey | undefined {
    const mac = readSeal(bytes)?.mac
    return mac === undefined ? undefined : this.#keys.find(({ chain }) => isSealedBy(chain, bytes, mac))
  }

  /** Whether the log begins in the middle of this file. */
  #isLaterPart(heading: Heading | undefined): boolean {
    if (this.#logBeginsAtMs === undefined || heading === undefined) return false
    return Date.parse(heading.time) - this.#logBeginsAtMs <= FIRST_LINE_MS
  }

  #isNext(heading: Heading, prev: string | null): boolean {
    const { seq, event, writer } = heading
    const { head, writer: own, isClosed } = this.#report
    if (head === null) return (event === 'open' && prev === null) || this.#isLaterPart(heading)
    return prev === head.mac && seq === head.seq + 1 && writer === own && !isClosed
  }

  #judgeClaims({ event, seq }: Heading, bytes: Buffer, { line }: Place): FindingReason | null {
    // Most records name no file, and need not be parsed. Without a valid seal, a record makes no claims.
    if (!namesFiles(event) || this.#key === null) return null
    const { name, firstSeq } = this.#report
    const isFromStart = (firstSeq ?? seq) === 0
    const detail = readDetail(bytes)
    const found = toClaims({ event, witness: { file: name, line }, isFromStart }, detail)
    if (found === undefined) return 'version_unknown'
    if (event === 'open' && readOwnName(detail) !== name) return 'file_renamed'
    this.#claims.push(...found)
    return null
  }

  #advance({ writer, seq, event }: Heading, mac: string): void {
    const report = this.#report
    report.writer ??= writer
    report.firstSeq ??= seq
    report.head = { seq, mac }
    report.lines += 1
    report.isClosed = event === 'close'
    report.hasFirstRecordsOnly &&= firstRecordEvents.has(event)
  }
}

/** A line may be half-written while it is read. */
const MAX_READS = 3

/** Reads the file up to its current end. Throws what the file system throws. */
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
