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
  readMentions,
  readOwnName,
  readSeal,
} from '../audit/format.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { type Claim, type Finding, type FindingReason, type Place, toFinding } from './findings.ts'
import { type Line, readDetail, splitLines } from './lines.ts'
import { openAuditFile, readChunks } from './listing.ts'

export type VerifyKey = Pick<AuditKeys, 'id' | 'chain'>

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

const bySeq = (one: Claim, other: Claim): number => (one.seq ?? 0) - (other.seq ?? 0)

/** Takes the lines of a file in order, and is then what is known of the file. Refused lines are not counted. */
export class FileCheck {
  readonly name: string
  /** What is wrong with the file itself; the other facts are of the lines before. */
  finding: Finding | null = null
  /** What is wrong by the first claim about it that is not true. */
  broken: Finding | null = null
  writer: string | null = null
  firstSeq: number | null = null
  /** Its last good line. */
  head: Head | null = null
  lines = 0
  /** Whether it ends with a `close`. */
  isClosed = false
  /** Whether it has only the records with which a file is opened. */
  hasFirstRecordsOnly = true
  /** What comes after the last line feed: no bytes if the file is complete. */
  torn = { place: { line: 1, byte: 0 }, bytes: 0 }
  /** About other files. */
  readonly claims: Claim[] = []
  readonly #keys: readonly VerifyKey[]
  readonly #logBeginsAtMs: number | undefined
  /** The claims about lines that are still to come, by line. */
  readonly #expected: Map<number | null, readonly Claim[]>
  /** Null: the key is unknown. Then only what needs no key is judged. */
  #key: VerifyKey | null = null

  constructor({ name, keys, claims, logBeginsAtMs }: Omit<VerifyFileOptions, 'directory' | 'onRead'>) {
    this.name = name
    this.#keys = keys
    this.#logBeginsAtMs = logBeginsAtMs
    this.#expected = Map.groupBy(claims.toSorted(bySeq), ({ seq }) => seq)
    // The file had no line yet, so its content cannot disagree.
    this.#expected.delete(null)
  }

  /** False if the rest of the file need not be read. */
  take(line: Line): boolean {
    const place = { line: this.lines + 1, byte: line.offset }
    const reason = line.end === 'none' ? this.#takeTorn(line, place) : this.#takeLine(line, place)
    if (reason === null) return true
    // A line under a key of ours, in a file whose first line names another key: the first line was changed.
    const isFirstChanged = this.#key === null && this.#findKey(line.bytes) !== undefined
    this.finding = toFinding(this.name, reason, { place: isFirstChanged ? { line: 1, byte: 0 } : place })
    return false
  }

  end(bytes: number): FileReport {
    if (this.finding === null && this.lines > 0 && this.#key === null)
      this.finding = toFinding(this.name, 'key_unknown')
    const place = { line: this.lines + 1, byte: bytes }
    const [[missed] = []] = this.#expected.values()
    // A missing line shows without the key, too.
    if (missed !== undefined && (this.finding === null || this.finding.reason === 'key_unknown'))
      this.#break('tail_cut', place, missed)
    if (this.torn.bytes === 0) this.torn = { place, bytes: 0 }
    return this
  }

  #break(reason: FindingReason, place: Place, { witness }: Claim): void {
    this.broken ??= toFinding(this.name, reason, { place, witness })
  }

  #takeTorn({ bytes, length }: Line, place: Place): FindingReason | null {
    if (isMoreThanALine(bytes)) return 'line_changed'
    this.torn = { place, bytes: length }
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
    const forged = this.#expected.get(heading.seq)?.find(({ mac }) => mac !== seal.mac)
    if (forged !== undefined) this.#break('line_forged', place, forged)
    this.#advance(heading, seal.mac)
    return null
  }

  /** With the key of the file, or, if that is unknown, with none of ours. */
  #isSealed(bytes: Buffer, mac: string): boolean {
    if (this.#key !== null) return isSealedBy(this.#key.chain, bytes, mac)
    const found = this.#findKey(bytes)
    if (this.lines > 0) return found === undefined
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
    if (this.head === null) return (event === 'open' && prev === null) || this.#isLaterPart(heading)
    return prev === this.head.mac && seq === this.head.seq + 1 && writer === this.writer && !this.isClosed
  }

  #judgeClaims({ event, seq }: Heading, bytes: Buffer, { line }: Place): FindingReason | null {
    // Most records name no file, and need not be parsed. Without a valid seal, a record makes no claims.
    if (!namesFiles(event) || this.#key === null) return null
    const isFromStart = (this.firstSeq ?? seq) === 0
    const detail = readDetail(bytes)
    const mentions = readMentions(event, detail)
    if (mentions === undefined) return 'version_unknown'
    if (event === 'open' && readOwnName(detail) !== this.name) return 'file_renamed'
    const speaker = { event, witness: { file: this.name, line }, isFromStart }
    this.claims.push(...mentions.map((mention) => Object.assign(mention, speaker)))
    return null
  }

  #advance({ writer, seq, event }: Heading, mac: string): void {
    this.#expected.delete(seq)
    this.writer ??= writer
    this.firstSeq ??= seq
    this.head = { seq, mac }
    this.lines += 1
    this.isClosed = event === 'close'
    this.hasFirstRecordsOnly &&= firstRecordEvents.has(event)
  }
}

export type FileReport = Readonly<Omit<FileCheck, 'take' | 'end'>>

/** A line may be half-written while it is read. */
const MAX_READS = 3

/** Reads the file up to its current end. Throws what the file system throws. */
export async function verifyFile(options: VerifyFileOptions, reads = 1): Promise<FileReport> {
  const file = await openAuditFile(join(options.directory, options.name))
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
