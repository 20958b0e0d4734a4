/** Verifies the audit in a worker thread, at most every ten minutes, while someone looks at the page. */
import type { KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { AuditKeys } from '../audit/keys.ts'
import type { StateReply } from './api-schemas.ts'
import { toWorkerUrl } from './record-index.ts'

type Verification = StateReply['audit']['verification']

export type VerificationResult = Pick<Verification, 'verdict' | 'files' | 'records' | 'findings'>

export interface VerifyWorkerOptions {
  readonly directory: string
  readonly key: { readonly id: string; readonly chain: KeyObject }
}

export interface VerifierOptions {
  readonly directory: string
  readonly auditKeys: AuditKeys
  /** Milliseconds. */
  readonly unixNow: () => number
  readonly logger: Logger
}

export interface Verifier {
  /** What is known now. Starts a verification if the last one is old. */
  readonly look: () => Verification
  readonly close: () => Promise<void>
}

/** A million records take seconds of one core. */
const FRESH_MS = 10 * 60_000

const resourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 } as const

export function createVerifier({ directory, auditKeys, unixNow, logger }: VerifierOptions): Verifier {
  const { id, chain } = auditKeys
  const workerData: VerifyWorkerOptions = { directory, key: { id, chain: chain.keyObject } }
  let known: Verification = { state: 'never', at: null, verdict: null, files: 0, records: 0, findings: [] }
  let worker: Worker | undefined

  function start(): void {
    known = { ...known, state: 'running' }
    worker = new Worker(toWorkerUrl('verify-worker'), { workerData, resourceLimits })
    worker.on('message', (result: VerificationResult) => {
      known = { state: 'done', at: unixNow(), ...result }
    })
    worker.on('error', (err) => logger.error({ err }, 'admin: the audit could not be verified'))
    worker.on('exit', () => {
      worker = undefined
      if (known.state === 'running') known = { ...known, state: 'failed', at: unixNow() }
    })
    worker.unref()
  }

  return {
    look: () => {
      const isOld = known.at === null || unixNow() - known.at >= FRESH_MS
      if (worker === undefined && isOld) start()
      return known
    },
    close: async () => {
      await worker?.terminate()
    },
  }
}
