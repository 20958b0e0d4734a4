/** Verifies files, and shortens what is found for tests. */

import { expect, it } from 'vitest'
import type { FindingReason, Verdict } from '../../src/audit-reader/findings.ts'
import { readAnchors } from '../../src/audit-reader/log-anchors.ts'
import { type Verification, verifyAudit } from '../../src/audit-reader/verify.ts'
import type { VerifyKey } from '../../src/audit-reader/verify-file.ts'
import { keys } from '../audit/fields.ts'
import { type Chain, type Files, toFiles, writeFiles } from './chains.ts'

export async function* inPieces(text: string | Buffer, size = 1_000): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

export interface VerifyFilesOptions {
  readonly log?: string
  readonly keys?: readonly VerifyKey[]
}

export async function verifyFiles(files: Files, options: VerifyFilesOptions = {}): Promise<Verification> {
  const directory = await writeFiles(files)
  const anchors = await readAnchors(inPieces(options.log ?? ''))
  return verifyAudit({ directory, keys: options.keys ?? [keys], anchors })
}

export type Found = readonly [file: string, reason: FindingReason, line?: number]

/** The verdict, then the file, reason and line of each finding. */
export function toShort({ verdict, findings }: Verification): [Verdict, ...Found[]] {
  return [
    verdict,
    ...findings.map(
      ({ file, reason, place }): Found => (place === null ? [file, reason] : [file, reason, place.line]),
    ),
  ]
}

export const findIn = async (files: Files, options?: VerifyFilesOptions) =>
  toShort(await verifyFiles(files, options))

/** The files of an audit, and what the verifier is to find in them. */
type Case = readonly [chains: readonly Chain[], ...found: readonly Found[]]

/** The parts are new for each case. */
export function testEach<Parts>(
  verdict: Verdict,
  createParts: () => Parts,
  cases: Readonly<Record<string, (parts: Parts) => Case>>,
): void {
  it.each(Object.entries(cases))(`${verdict}: %s`, async (_what, build) => {
    const [chains, ...found] = build(createParts())
    expect(await findIn(toFiles(...chains))).toStrictEqual([verdict, ...found])
  })
}
