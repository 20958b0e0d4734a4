/** `realtime-mint audit verify`: whether the audit is complete and as it was written. */
import { type Finding, findings, type Verdict } from '../audit-reader/findings.ts'
import { readAnchors, readLog } from '../audit-reader/log-anchors.ts'
import { type Verification, verifyAudit } from '../audit-reader/verify.ts'
import { commonOptions, Misuse, parseArguments } from './arguments.ts'
import { CannotCheck, openSource } from './audit-context.ts'
import { type Command, type CommandContext, counted, toJson } from './command.ts'
import { createProgress } from './progress.ts'

export const EXIT_UNCHECKED = 3

const exitCodes: Readonly<Record<Verdict, number>> = {
  whole: 0,
  tampered: 1,
  torn: 2,
  unchecked: EXIT_UNCHECKED,
}

const options = { ...commonOptions, anchors: { type: 'string' } } as const

/** A file name may have control characters, and a terminal would obey them. */
const toSafe = (name: string): string => name.replaceAll(/[^\w.-]/g, '?')

function toText({ file, reason, place, witness }: Finding): string {
  const at = place === null ? '' : ` line ${place.line} byte ${place.byte}`
  const { file: other, line } = witness ?? {}
  const by = other ? `${toSafe(other)} line ${line}` : `anchor on line ${line} of the log`
  return `${toSafe(file)}${at}: ${reason}: ${findings[reason].means}${witness === null ? '' : ` (${by})`}\n`
}

/** A line for each finding, then what to do, then the verdict. */
export function toReport({ verdict, findings: found, files, records, anchors }: Verification): string {
  const advice = new Set(found.map(({ reason }) => `${reason}: ${findings[reason].advice}\n`))
  const sums = [counted(files, 'file'), counted(records, 'record'), counted(anchors, 'anchor')].join(', ')
  return [...found.map(toText), ...advice, `${verdict}: ${sums}\n`].join('')
}

function toJsonReport({ findings: found, ...rest }: Verification): string {
  const all = found.map(({ file, reason, place, witness }) => ({
    file: toSafe(file),
    line: place?.line ?? null,
    byte: place?.byte ?? null,
    reason,
    verdict: findings[reason].verdict,
    means: findings[reason].means,
    witness: witness && { ...witness, file: witness.file === null ? null : toSafe(witness.file) },
  }))
  return toJson({ ...rest, findings: all })
}

async function readLogOf(path: string | undefined, input: CommandContext['input']) {
  if (path === undefined) return []
  try {
    return await readAnchors(path === '-' ? input : readLog(path))
  } catch {
    throw new CannotCheck('log_unreadable', 'the log of --anchors cannot be read')
  }
}

/** `realtime-mint audit verify` */
export const runVerify: Command = async (args, context) => {
  const { write, note, input } = context
  const { values, operand } = parseArguments(args, options, { maxOperands: 1 })
  const { anchors: log, json } = values
  if (operand !== undefined && log === '-') throw new Misuse('reads its input once: as - or as --anchors -.')
  const source = await openSource(operand, values, context)
  try {
    const keys = await source.loadKeys()
    // Before the files, so that the lines that it names are on the disk when files are read.
    const anchors = [...source.anchors, ...(await readLogOf(log, input))]
    const { show, clear } = createProgress(context)
    const verification = await verifyAudit({ ...source, keys, anchors, onProgress: show })
    clear()
    if (verification.files === 0 && verification.findings.length === 0) {
      throw new CannotCheck('nothing_found', 'there is no audit file in AUDIT_DIR')
    }
    await write(json ? toJsonReport(verification) : toReport(verification))
    if (log !== undefined && anchors.length === 0)
      note('There is no anchor in the log: a removed tail would not be found.\n')
    return exitCodes[verification.verdict]
  } finally {
    await source.close()
  }
}
