/** The keys that the audit's files were written with. */
import { join } from 'node:path'
import { readKeyId } from '../audit/format.ts'
import { ignoreRemoved, listAudit, openAuditFile } from './listing.ts'

/** The first record of a file, which names the key, is shorter. */
const FIRST_BYTES = 4 * 1024

/** Throws what the file system throws. */
export async function readKeyIds(directory: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (const { name } of (await listAudit(directory)).files) {
    const file = await openAuditFile(join(directory, name)).catch(ignoreRemoved)
    if (file === undefined) continue
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_BYTES), 0, FIRST_BYTES, 0)
      const id = readKeyId(buffer.subarray(0, bytesRead))
      if (id !== undefined) ids.add(id)
    } finally {
      await file.close()
    }
  }
  return ids
}
