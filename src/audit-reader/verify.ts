/** Verifies an audit: each file by itself, then what files and anchors say about each other. */
import { toOpenedAt, toWriter } from '../audit/format.ts'
import { codeOf } from '../errors.ts'
import {
  type Claim,
  type Finding,
  type FindingReason,
  toFinding,
  toVerdict,
  type Verdict,
} from './findings.ts'
import { type ListedFile, listAudit } from './listing.ts'
import { type FileReport, type VerifyKey, verifyFile } from './verify-file.ts'

export interface VerifyOptions {
  readonly directory: string
  /** Each may have sealed some of the files. */
  readonly keys: readonly VerifyKey[]
  /** From the log. */
  readonly anchors: readonly Claim[]
  /** When the log begins that the files are from, in Unix milliseconds; undefined for files of a service. */
  readonly logBeginsAtMs?: number | undefined
  /** Called with the bytes read so far, and about how many there are. */
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined
}

export interface Verification {
  readonly verdict: Verdict
  /** By file, oldest first; only the first one of each file's content. */
  readonly findings: readonly Finding[]
  readonly files: number
  /** Verified ones. */
  readonly records: number
  readonly bytes: number
  readonly anchors: number
  /** Files in the directory that do not belong to the audit. */
  readonly others: number
}

/** By the name of the file that they are about. */
type Claims = Map<string, Claim[]>

const about = (claims: Claims, file: string): readonly Claim[] => claims.get(file) ?? []

function addClaims(claims: Claims, more: readonly Claim[]): void {
  for (const claim of more) {
    const own = claims.get(claim.file) ?? []
    claims.set(claim.file, own)
    own.push(claim)
  }
}

/** Throws what the file system says about the directory; a problem with a file is a finding. */
export async function verifyAudit(options: VerifyOptions): Promise<Verification> {
  const listing = await listAudit(options.directory)
  const claims: Claims = new Map()
  addClaims(claims, options.anchors)
  const { reports, unreadable } = await readAll(listing.files, claims, options)
  const present = new Set([
    ...listing.files.map(({ name }) => name),
    ...listing.misnamed,
    ...listing.irregular,
  ])
  const found = [
    ...listing.misnamed.map((file) => toFinding(file, 'file_renamed')),
    ...listing.irregular.map((file) => toFinding(file, 'file_irregular')),
    ...unreadable.map((file) => toFinding(file, 'file_unreadable')),
    ...reports.flatMap((report) => judgeFile(report, about(claims, report.name))),
    ...findRepeated(reports, claims),
    ...findForeign(options.anchors, present, claims),
    ...findMissing(present, claims, options.logBeginsAtMs),
  ].toSorted(byFile)
  return {
    verdict: toVerdict(found),
    findings: found,
    files: listing.files.length,
    records: reports.reduce((sum, { lines }) => sum + lines, 0),
    bytes: listing.files.reduce((sum, { size }) => sum + size, 0),
    anchors: options.anchors.length,
    others: listing.others,
  }
}

const byFile = (one: Finding, other: Finding): number =>
  one.file < other.file ? -1 : Number(one.file > other.file)

/**
 * Newest first: later files name earlier ones, so the claims about a file are known before it is read. If clocks
 * disagreed, claims may come later, and the file is read again. A file that a service appends to is thus always read
 * after the records that name it.
 */
async function readAll(
  files: readonly ListedFile[],
  claims: Claims,
  { onProgress, ...options }: VerifyOptions,
) {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const reports = new Map<string, FileReport>()
  const known = new Map<string, number>()
  const unreadable: string[] = []
  let bytes = 0
  function onRead(count: number): void {
    bytes += count
    onProgress?.(bytes, total)
  }
  async function read(name: string): Promise<void> {
    const own = about(claims, name)
    known.set(name, own.length)
    try {
      reports.set(name, await verifyFile({ ...options, name, claims: own, onRead }))
    } catch (error) {
      // Without a code it is a bug of ours, and the file is not to blame.
      if (codeOf(error) === undefined) throw error
      unreadable.push(name)
    }
  }
  for (const { name } of files.toReversed()) {
    await read(name)
    addClaims(claims, reports.get(name)?.claims ?? [])
  }
  for (const name of reports.keys()) {
    if (about(claims, name).length > (known.get(name) ?? 0)) await read(name)
  }
  return { reports: files.flatMap(({ name }) => reports.get(name) ?? []), unreadable }
}

/** The first problem of a file, by itself or by the claims about it; else how it ends. */
function judgeFile(report: FileReport, claims: readonly Claim[]): readonly Finding[] {
  const { name, finding, broken, torn } = report
  const own = finding === null ? [] : [finding]
  if (finding !== null && finding.reason !== 'key_unknown') return own
  if (broken !== null) return [broken]
  const reason = judgeEnd(report, claims)
  return reason === null ? own : [...own, toFinding(name, reason, { place: torn.place })]
}

/** How a file ends; null if it ends after a whole line. */
function judgeEnd(report: FileReport, claims: readonly Claim[]): FindingReason | null {
  const { finding, head, lines, isClosed, torn } = report
  const end = head?.seq ?? null
  // A start that does not know the key of a file vouches for its end without a line.
  const isUnderOtherKey = finding !== null
  const isShorter = claims.some(
    ({ seq, tornBytes }) =>
      (seq === end || (seq === null && isUnderOtherKey)) && tornBytes !== null && tornBytes > torn.bytes,
  )
  if (isShorter) return 'line_changed'
  if (torn.bytes === 0 && lines > 0) return null
  const isVouched = claims.some(
    ({ event, seq, tornBytes }) =>
      event === 'gap' || ((seq === end || seq === null) && (tornBytes ?? 0) === torn.bytes),
  )
  if (isVouched) return 'torn_vouched'
  // A start that found this end would have vouched for it. A running process may name a file before it crashes.
  const isPassedOver = claims.some(
    ({ event, seq, isFromStart }) => event === 'open' && isFromStart && seq === end,
  )
  return isPassedOver || isClosed ? 'torn_unvouched' : 'torn_last'
}

/** Sequence numbers that two files of a process share, except those that were assigned again after a gap. */
function findRepeated(reports: readonly FileReport[], claims: Claims): Finding[] {
  // A file that was given up while it was opened acknowledged nothing.
  const ranges = reports.flatMap(({ name, writer, firstSeq, head, finding, hasFirstRecordsOnly }) => {
    if (firstSeq === null || head === null || finding !== null || hasFirstRecordsOnly) return []
    const gaps = about(claims, name).filter(({ event }) => event === 'gap')
    return [{ name, writer, first: firstSeq, last: Math.min(head.seq, ...gaps.map(({ seq }) => seq ?? -1)) }]
  })
  return [...Map.groupBy(ranges, ({ writer }) => writer).values()].flatMap((own) => {
    let last = -1
    return own
      .toSorted((one, other) => one.first - other.first)
      .filter((range) => {
        const isRepeated = range.first <= last
        last = Math.max(last, range.last)
        return isRepeated
      })
      .map(({ name }) => toFinding(name, 'line_forged', { place: { line: 1, byte: 0 } }))
  })
}

/** Anchors of another directory say nothing about this one, so none of them counts. */
function findForeign(anchors: readonly Claim[], present: ReadonlySet<string>, claims: Claims): Finding[] {
  const [first] = anchors
  if (first === undefined) return []
  const named = [...claims.values()].flat().filter(({ event }) => event !== 'anchor')
  const writers = new Set([...present, ...named.map(({ file }) => file)].map(toWriter))
  writers.delete(undefined)
  if (anchors.some(({ file }) => writers.has(toWriter(file)))) return []
  for (const { file } of anchors) claims.delete(file)
  const reason = present.size === 0 ? 'directory_empty' : 'anchors_foreign'
  return [toFinding(first.file, reason, { witness: first.witness })]
}

/**
 * Files that are named but not here. A log does not have files that were opened before it begins. Records of removals
 * excuse them. Logs may be kept longer than files, so an anchor is also excused by the removal of a newer file: older
 * files may be gone, and the records of their removal too.
 */
function findMissing(present: ReadonlySet<string>, claims: Claims, logBeginsAtMs = 0): Finding[] {
  const removals = [...claims.values()].flat().filter(({ event }) => event === 'removed')
  const removed = new Set(removals.map(({ file }) => file).toSorted())
  const newestRemoved = [...removed].at(-1) ?? ''
  return [...claims].flatMap(([file, own]) => {
    if (present.has(file) || removed.has(file) || toOpenedAt(file) < logBeginsAtMs) return []
    const isOld = file < newestRemoved
    const missed = own.find(({ event }) => event !== 'anchor' || !isOld)
    return missed === undefined ? [] : [toFinding(file, 'file_missing', { witness: missed.witness })]
  })
}
