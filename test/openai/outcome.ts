import { afterEach, beforeEach, vi } from 'vitest'
import { type Reply, startTestService, type TestService } from '../support/service.ts'

/** A service in front of the upstream at `baseUrl`. */
export const startFor = (baseUrl: string, environment: Record<string, string> = {}): Promise<TestService> =>
  startTestService({ environment: { OPENAI_BASE_URL: baseUrl, ...environment } })

/** What a caller and an operator learn about one mint. */
export interface Outcome {
  readonly status: number
  readonly code: unknown
  /** The audit's. */
  readonly reason: unknown
  readonly retryAfter: unknown
  readonly shouldRetry: unknown
}

export async function outcomeOf(service: TestService, reply: Reply): Promise<Outcome> {
  const record = (await service.attempts()).at(-1)
  return {
    status: reply.statusCode,
    code: reply.json().error?.code,
    reason: record?.['reason'],
    retryAfter: reply.headers['retry-after'],
    shouldRetry: reply.headers['x-should-retry'],
  }
}

const kinds = {
  misconfigured: [502, 'upstream_misconfigured', undefined, 'false'],
  rejected: [502, 'upstream_rejected', undefined, 'false'],
  retired: [502, 'upstream_retired', undefined, 'false'],
  noCredit: [502, 'upstream_no_credit', undefined, 'false'],
  busy: [503, 'upstream_busy', '1', undefined],
  unavailable: [503, 'upstream_unavailable', '2', undefined],
  timeout: [504, 'upstream_timeout', undefined, undefined],
  malformed: [502, 'upstream_malformed', undefined, undefined],
} as const

export type Kind = keyof typeof kinds

/** The row of the README's error table, with the audit's finer reason. */
export function expectation(kind: Kind, reason: string): Outcome {
  const [status, code, retryAfter, shouldRetry] = kinds[kind]
  return { status, code, reason, retryAfter, shouldRetry }
}

/** What both learn about a mint made now. */
export const mintOutcome = async (service: TestService): Promise<Outcome> =>
  outcomeOf(service, await service.mint())

/** Everything that left the service: to the caller, to the audit, to the log. */
export async function outputsOf(service: TestService, reply: Reply): Promise<string> {
  return [reply.payload, JSON.stringify(reply.headers), await service.auditText(), service.logText()].join(
    '\n',
  )
}

/** Stops the service's clock in each test of a file or group. Sockets and deadlines work. */
export function stopClock(): void {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())
}
