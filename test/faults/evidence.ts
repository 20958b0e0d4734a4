/** What the audit files have after a fault. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'

export const AUDIT_KEY = 'a key of the fault campaign, nothing else'

const { fingerprint } = deriveAuditKeys(new Secret(AUDIT_KEY))

const readLines = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('audit-'))
    .flatMap(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8').split('\n').slice(0, -1))

/** How many delivered secrets have no complete record in any file under `directories`. */
export function countMissing(delivered: readonly string[], directories: readonly string[]): number {
  const recorded = new Set(
    directories.flatMap(readLines).flatMap((line) => /"secret":"([0-9a-f]{32})"/.exec(line)?.[1] ?? []),
  )
  return delivered.filter((secret) => !recorded.has(new Secret(secret).fingerprint(fingerprint))).length
}

export interface Verdict {
  readonly code: number
  /** Its last lines. */
  readonly output: string
}

/** The result of `audit verify` for `directory`, with the anchors in the log `anchors`. */
export function verify(directory: string, anchors: string): Verdict {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['src/main.ts', 'audit', 'verify', '--anchors', anchors],
    {
      cwd: join(import.meta.dirname, '../..'),
      env: { AUDIT_DIR: directory, AUDIT_KEY },
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  return { code: status ?? -1, output: `${stdout}${stderr}`.trim().split('\n').slice(-3).join(' / ') }
}
