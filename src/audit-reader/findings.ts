/** What a verification can find: a closed set, with one finding for each different thing to do. */
import type { Mention } from '../audit/format.ts'

/** From best to worst. */
export const verdicts = ['whole', 'torn', 'unchecked', 'tampered'] as const

export type Verdict = (typeof verdicts)[number]

interface FindingRow {
  readonly verdict: Verdict
  readonly means: string
  readonly advice: string
}

const KEEP = 'Keep the directory as it is. Compare it with a backup and with the anchors.'

const SAME_SERVICE = 'Pass the log and the directory of the same service.'

export const findings = {
  line_changed: {
    verdict: 'tampered',
    means: 'the file is not as it was written: here, a line was changed, removed, added or moved',
    advice: KEEP,
  },
  line_forged: {
    verdict: 'tampered',
    means:
      'the line has a valid seal, but another line was on the disk: someone used the audit key to write it',
    advice: `${KEEP} Replace the audit key.`,
  },
  tail_cut: {
    verdict: 'tampered',
    means: 'the file ends before a line that was on the disk: its end was removed',
    advice: `${KEEP} With AUDIT_DURABILITY=write, a power failure looks the same.`,
  },
  torn_unvouched: {
    verdict: 'tampered',
    means: 'the file ends within a line, but was complete or closed when it was last checked',
    advice:
      'If its process crashed just now, start the service: its first records vouch for what it finds. Otherwise, treat it as line_changed.',
  },
  file_renamed: {
    verdict: 'tampered',
    means: 'the service did not write a file of this name: it was renamed or copied',
    advice: 'Restore the name that is in its first record, or move the file out of the directory.',
  },
  file_irregular: {
    verdict: 'tampered',
    means: 'this is a link, a pipe or a directory, not a file',
    advice: 'Find out who created it, and remove it. Keep archived files in another directory.',
  },
  file_missing: {
    verdict: 'tampered',
    means:
      'a record or an anchor names this file, but it is not here, and no record says that it was removed',
    advice: 'Look for it in the archive, then in a backup.',
  },
  torn_vouched: {
    verdict: 'torn',
    means: 'the file ends within a line after a crash or a fault, and a later file vouches for that',
    advice: 'Nothing to do: the line was never acknowledged.',
  },
  torn_last: {
    verdict: 'torn',
    means:
      'the file is empty or ends within a line, and no later file vouches for that yet: a crash or a full disk',
    advice: 'If the service is not running, start it. A running service vouches when it can write again.',
  },
  version_unknown: {
    verdict: 'unchecked',
    means: 'the line has a valid seal, but a form that this version does not know',
    advice: 'Verify with the version of realtime-mint that wrote it, or with a later one.',
  },
  key_unknown: {
    verdict: 'unchecked',
    means: 'the file was written with another key',
    advice: 'Pass that key too: --key-file may be repeated.',
  },
  file_unreadable: {
    verdict: 'unchecked',
    means: 'the file cannot be read',
    advice: 'Verify as a user who may read it. If it was removed just now, verify again.',
  },
  anchors_foreign: {
    verdict: 'unchecked',
    means: 'no anchor in the log names a writer of this directory: the log belongs to another one',
    advice: SAME_SERVICE,
  },
  directory_empty: {
    verdict: 'unchecked',
    means:
      'the log names this file, but the directory has no audit file: all were removed, or the log belongs to another directory',
    advice: `${SAME_SERVICE} If you did, look for the files in the archive, then in a backup.`,
  },
} as const satisfies Record<string, FindingRow>

export type FindingReason = keyof typeof findings

/** Lines count from 1, bytes from 0. */
export interface Place {
  readonly line: number
  readonly byte: number
}

/** The record that says that a line was there, or the anchor: then `file` is null, and `line` is one of the log. */
export interface Witness {
  readonly file: string | null
  readonly line: number
}

export interface Finding {
  readonly file: string
  readonly reason: FindingReason
  readonly place: Place | null
  readonly witness: Witness | null
}

export const toFinding = (
  file: string,
  reason: FindingReason,
  about: Partial<Pick<Finding, 'place' | 'witness'>> = {},
): Finding => ({ file, reason, place: null, witness: null, ...about })

/** What a record or an anchor says about a file. */
export interface Claim extends Mention {
  /** The event of the record that makes the claim: open, recovered, gap or removed. Otherwise `anchor`. */
  readonly event: string
  readonly witness: Witness
  /** Whether the record is from the start of a process, and not from a later rotation. */
  readonly isFromStart: boolean
}

/** The worst finding decides. */
export function toVerdict(found: readonly Finding[]): Verdict {
  const all = found.map(({ reason }) => findings[reason].verdict)
  return verdicts.findLast((verdict) => all.some((one) => one === verdict)) ?? 'whole'
}
