/** The worker thread that verifies the audit once, without anchors. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { findings as meanings } from '../audit-reader/findings.ts'
import { verifyAudit } from '../audit-reader/verify.ts'
import { HmacKey } from '../hmac.ts'
import type { VerificationResult, VerifyWorkerOptions } from './verification.ts'

const MAX_FINDINGS = 20

async function verify(port: MessagePort, { directory, key }: VerifyWorkerOptions): Promise<void> {
  const keys = [{ id: key.id, chain: new HmacKey(key.chain) }]
  const { verdict, files, records, findings } = await verifyAudit({ directory, keys, anchors: [] })
  const result: VerificationResult = {
    verdict,
    files,
    records,
    findings: findings.slice(0, MAX_FINDINGS).map(({ file, reason }) => {
      const { means, advice } = meanings[reason]
      return { file, means, advice }
    }),
  }
  port.postMessage(result)
}

if (parentPort !== null) void verify(parentPort, workerData)
