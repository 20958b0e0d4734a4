import { setTimeout as sleep } from 'node:timers/promises'
import type { KeptConnections } from './kept-connections.ts'
import { percentile } from './statistics.ts'

export interface Load {
  readonly perSecond: number
  readonly seconds: number
}

/** The result of one request. Times are in ms. */
export interface Answer {
  readonly kind: 'issued' | 'shed' | 'other'
  /** When it was due, from the start of the load. */
  readonly dueMs: number
  /** How much later it was sent. The load generator causes this delay, not the service. */
  readonly lateMs: number
  /** Measured from when it was due: a caller does not wait for the others. */
  readonly ms: number
}

/** Sends each request when it is due, even if earlier ones are unanswered. Resolves with all results. */
export async function runOpenLoop(
  connections: KeptConnections,
  { perSecond, seconds }: Load,
): Promise<Answer[]> {
  const count = Math.round(perSecond * seconds)
  const startedAt = performance.now()
  const since = (): number => performance.now() - startedAt
  const asked: Promise<Answer>[] = []

  async function ask(dueMs: number): Promise<Answer> {
    const lateMs = since() - dueMs
    const { status, body } = await connections.send()
    return { kind: toKind(status, body), dueMs, lateMs, ms: since() - dueMs }
  }

  while (asked.length < count) {
    const due = Math.min(count, Math.floor((since() / 1000) * perSecond) + 1)
    while (asked.length < due) asked.push(ask((asked.length / perSecond) * 1000))
    await sleep(1)
  }
  return Promise.all(asked)
}

function toKind(status: number, body: string): Answer['kind'] {
  if (status === 200 && body.includes('"value":"ek_')) return 'issued'
  return status === 503 && body.includes('"code":"overloaded"') ? 'shed' : 'other'
}

/** A percentile of the times in ms. A load generator that is late itself would be counted as the service's time. */
export const percentileOf = (answers: readonly Answer[], share: number): number =>
  percentile(
    answers.map(({ ms, lateMs }) => ms - lateMs),
    share,
  )
