/** What a verification can find, in a closed set: each finding means one thing, and there is one thing to do about it. */

/** From best to worst. */
export const verdicts = ['whole', 'torn', 'unchecked', 'tampered'] as const

export type Verdict = (typeof verdicts)[number]

interface FindingRow {
  readonly verdict: Verdict
  readonly means: string
  readonly advice: string
}

const KEEP = 'Keep the directory as it is, and compare it with a backup and with the anchors.'

export const findings = {
  line_changed: {
    verdict: 'tampered',
    means: 'the line was changed: its mac is not that of its bytes',
    advice: KEEP,
  },
  line_unsealed: {
    verdict: 'tampered',
    means: 'the line does not end in prev and mac as every record does: it was changed, cut or put in',
    advice: KEEP,
  },
  line_too_long: {
    verdict: 'tampered',
    means: 'the line is longer than any record: it was put in, or lines were joined',
    advice: KEEP,
  },
  chain_broken: {
    verdict: 'tampered',
    means: 'the line does not follow the one before it: lines were removed, repeated, moved or put in',
    advice: KEEP,
  },
  start_missing: {
    verdict: 'tampered',
    means: 'the file does not begin with its own first record: its beginning was cut off',
    advice: KEEP,
  },
  file_renamed: {
    verdict: 'tampered',
    means: 'the file was written under another name: it was renamed or copied',
    advice: 'Give it back the name that its first record has, or take the copy out of the directory.',
  },
  file_missing: {
    verdict: 'tampered',
    means: 'a file is named but is not here, and no record says that its time was over',
    advice: 'Look for it where files were moved or archived, then in a backup.',
  },
  file_misnamed: {
    verdict: 'tampered',
    means: 'the file is called like one of the audit, but not as the service calls its own',
    advice: 'Take it out of the directory, or give it back its name.',
  },
  file_irregular: {
    verdict: 'tampered',
    means: 'this is a link, a pipe or a directory where the service would have written a file',
    advice: 'Find out who put it there. Archived files belong into another directory as they are.',
  },
  tail_cut: {
    verdict: 'tampered',
    means: 'the file ends before a line that was on the disk: its tail was cut off',
    advice: `${KEEP} With AUDIT_DURABILITY=write, a power cut looks the same.`,
  },
  line_replaced: {
    verdict: 'tampered',
    means:
      'another line stands in the place of one that was on the disk: the file was written anew with its key',
    advice: `${KEEP} Take another audit key.`,
  },
  torn_changed: {
    verdict: 'tampered',
    means: 'the torn bytes after the line are not those that were found after a crash',
    advice: KEEP,
  },
  torn_unvouched: {
    verdict: 'tampered',
    means: 'the file ends within a line, and was whole or closed when it was looked at last',
    advice:
      'If its process crashed just now, start another one: it vouches for what it finds. Otherwise, as for a changed line.',
  },
  seq_repeated: {
    verdict: 'tampered',
    means:
      'the file has numbers that another file of the same process has: one of the two was made with the key',
    advice: `${KEEP} Take another audit key.`,
  },
  torn_vouched: {
    verdict: 'torn',
    means: 'the file ends within a line after a fault, and the file that came after it vouches for that',
    advice: 'Nothing: the line was never acknowledged.',
  },
  torn_last: {
    verdict: 'torn',
    means: 'the file ends within a line, and no process was started since: a crash',
    advice: 'Start the service: its first records vouch for what it finds.',
  },
  file_empty: {
    verdict: 'torn',
    means: 'the file has no record at all: a crash while it was opened',
    advice: 'Nothing, if nothing names a record of it: that would be a finding of its own.',
  },
  version_unknown: {
    verdict: 'unchecked',
    means: 'the line is sealed with this key, but in a form that this version does not know',
    advice: 'Verify with the version of realtime-mint that wrote it, or a later one.',
  },
  key_unknown: {
    verdict: 'unchecked',
    means: 'the file was written under another key',
    advice: 'Give that key too: --key-file may be repeated.',
  },
  file_unreadable: {
    verdict: 'unchecked',
    means: 'the file could not be read',
    advice: 'Verify as a user who may read it. If retention removed it just now, verify again.',
  },
} as const satisfies Record<string, FindingRow>

export type FindingReason = keyof typeof findings

/** Where something stands; lines count from 1, bytes from 0. */
export interface Place {
  readonly line: number
  readonly byte: number
}

/** Who says that a line was there: a record, or an anchor in the log. */
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

/** The worst decides. */
export function toVerdict(found: readonly Finding[]): Verdict {
  const all = found.map(({ reason }) => findings[reason].verdict)
  return verdicts.findLast((verdict) => all.some((one) => one === verdict)) ?? 'whole'
}
