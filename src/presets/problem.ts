import { isCredentialLike } from './credentials.ts'
import type { Issue } from './issues.ts'
import type { Path } from './json.ts'

/** Something wrong, or for a warning doubtful, in a presets file. Never quotes what may be a credential. */
export interface Problem {
  /** As in `presets.classic.session.tools[0].name`; '' for the file as a whole. */
  readonly path: string
  /** Both from 1; 0 where the file could not be read at all. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** `presets.yaml:14:12 presets.classic.session.voice: …`, for logs and terminals. */
  readonly text: string
}

/** A problem that has not been looked up in the file yet. */
export interface Finding {
  readonly path: Path
  /** Points at the key rather than at its value. */
  readonly atKey?: boolean
  readonly message: string
}

/** Where a finding is in its file; from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function toProblem(fileName: string, finding: Finding, position: Position): Problem {
  const path = format(finding.path)
  const place = position.line === 0 ? fileName : `${fileName}:${position.line}:${position.column}`
  const text = path === '' ? `${place} ${finding.message}` : `${place} ${path}: ${finding.message}`
  return { path, ...position, message: finding.message, text }
}

/** An objection of a schema as a finding; `hint` may say more about an unknown key. */
export function toFinding({ path, kind, expected }: Issue, hint?: string): Finding {
  if (kind === 'unknown') {
    return { path, atKey: true, message: `is not a known field${hint === undefined ? '' : `; ${hint}`}` }
  }
  if (kind === 'misnamed') return { path, atKey: true, message: `is not ${expected}` }
  return { path, message: kind === 'missing' ? `is missing; it takes ${expected}` : `takes ${expected}` }
}

function format(path: Path): string {
  return path.map(formatPart).join('').replace(/^\./, '')
}

function formatPart(part: string | number): string {
  if (typeof part === 'number') return `[${part}]`
  if (isCredentialLike(part)) return '.(hidden)'
  return /^[\w$.-]+$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`
}
