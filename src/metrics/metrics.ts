/** Counts requests, attempts and commits for Prometheus. Loaded only if there is an admin listener. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from '@prometheus-io/client'
import { type Attempt, toOutcome } from '../attempt.ts'
import type { ServiceError } from '../errors.ts'

/** OpenTelemetry's, for HTTP durations in seconds. https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const HTTP_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** Presets that have series of their own. The other ones share the last name. */
const MAX_PRESETS = 100
const OTHER = '_OTHER'

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The library's own that promtool finds fault with. The first three count what others count by type. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
  'nodejs_eventloop_utilization_histogram',
  'nodejs_eventloop_utilization_summary',
]

/** The facts of one reply. */
export interface ObservedReply {
  readonly method: string
  /** The route's pattern; undefined if there is none. */
  readonly route: string | undefined
  readonly status: number
  readonly ms: number
  readonly attempt: Attempt
  /** A refused preflight of a minting route. */
  readonly isRefusedPreflight: boolean
}

export interface Metrics {
  readonly registry: Registry
  readonly observeReply: (facts: ObservedReply) => void
  /** A batch of records begins; what it returns is called when the batch is durable. */
  readonly beginCommit: () => () => void
}

/** OpenTelemetry's `error.type` is only for failures of the server. */
const toErrorType = (status: number, failure: ServiceError | null): string =>
  status >= 500 && failure !== null ? failure.code : ''

/** Why the call failed, if upstream sent no known code. What failed after it, such as the record, is not its error. */
const toCallError = (failure: ServiceError | null): string =>
  failure?.reason.startsWith('upstream_') === true ? failure.reason : ''

/** The presets that callers name are those of the file, and so are bounded only by it. */
function createPresetLabels(): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= MAX_PRESETS) return OTHER
    known.add(name)
    return name
  }
}

function createInstruments(registers: Registry[]) {
  return {
    requests: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Time from the head of a request to its reply.',
      labelNames: ['method', 'route', 'status', 'error_type'],
      buckets: HTTP_BUCKETS,
      registers,
    }),
    calls: new Histogram({
      name: 'http_client_request_duration_seconds',
      help: 'Time of the calls to upstream for one mint, a retry included.',
      labelNames: ['method', 'server_address', 'status', 'error_type'],
      buckets: HTTP_BUCKETS,
      registers,
    }),
    attempts: new Counter({
      name: 'realtime_mint_attempts_total',
      help: 'Requests for a client secret. A secret was issued if the code is empty.',
      labelNames: ['outcome', 'code', 'reason', 'preset'],
      registers,
    }),
    refusedPreflights: new Counter({
      name: 'realtime_mint_refused_preflights_total',
      help: 'Preflights that were refused. Most come from pages whose origin is not in ALLOWED_ORIGINS.',
      registers,
    }),
    commits: new Histogram({
      name: 'realtime_mint_audit_commit_seconds',
      help: 'Time to make a batch of audit records durable.',
      buckets: COMMIT_BUCKETS,
      registers,
    }),
  }
}

/** `upstreamHost` is the one server that is called. */
export function createMetrics(upstreamHost: string): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const { requests, calls, attempts, refusedPreflights, commits } = createInstruments([registry])
  const toPresetLabel = createPresetLabels()

  function observeAttempt({ failure, preset, upstream }: Attempt, status: number): void {
    attempts.inc({
      outcome: toOutcome(status),
      code: failure?.code ?? '',
      reason: failure?.reason ?? '',
      preset: preset === null ? '' : toPresetLabel(preset.name),
    })
    if (upstream === null) return
    const labels = {
      method: 'POST',
      server_address: upstreamHost,
      status: upstream.status ?? '',
      error_type: upstream.code ?? toCallError(failure),
    }
    calls.observe(labels, upstream.ms / 1000)
  }

  return {
    registry,
    observeReply: ({ method, route = '', status, ms, attempt, isRefusedPreflight }) => {
      const labels = {
        method: methods.has(method) ? method : OTHER,
        route,
        status,
        error_type: toErrorType(status, attempt.failure),
      }
      requests.observe(labels, ms / 1000)
      if (attempt.audited) observeAttempt(attempt, status)
      else if (isRefusedPreflight) refusedPreflights.inc()
    },
    beginCommit: () => commits.startTimer(),
  }
}
