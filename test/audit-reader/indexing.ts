/** An index of files that a test writes. */
import { onTestFinished } from 'vitest'
import { AuditIndex, type AuditIndexOptions } from '../../src/audit-reader/audit-index.ts'
import type { Cursor, RecordFilter } from '../../src/audit-reader/index-query.ts'
import { type Files, writeFiles } from './chains.ts'

export async function openIndex(
  files: Files | string,
  options: Partial<AuditIndexOptions> = {},
): Promise<AuditIndex> {
  const directory = typeof files === 'string' ? files : await writeFiles(files)
  const index = await AuditIndex.open({ directory, lockTimeoutMs: 0, ...options })
  onTestFinished(() => index.close())
  await index.update()
  return index
}

interface Listing {
  readonly order?: 'newest' | 'oldest'
  /** Records of a page. */
  readonly limit?: number
}

/** All lines that match, page by page. */
export async function listLines(
  index: AuditIndex,
  filter: RecordFilter = { kind: {} },
  { order = 'newest', limit = 1_000 }: Listing = {},
): Promise<string[]> {
  const lines: string[] = []
  let after: Cursor | undefined
  do {
    const { records, next } = await index.select({ filter, order, limit, after })
    lines.push(...records.map(({ line }) => `${line}\n`))
    after = next
  } while (after !== undefined)
  return lines
}
