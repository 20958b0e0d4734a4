/** Values that are read when Prometheus asks, so that they cost a mint nothing. */
import { Gauge, type Registry } from '@prometheus-io/client'

export interface GaugeSources {
  readonly version: string
  readonly inFlight: () => number
  readonly auditQueueDepth: () => number
  readonly isStoreDegraded: () => boolean
  /** As it is now. */
  readonly breaker: { readonly isOpen: boolean; readonly coolDownMs: number }
  readonly presets: () => ReadonlyMap<string, { readonly revision: string }>
  readonly isPresetsFileInvalid: () => boolean
  /** A keyed hash of the API key in use. */
  readonly keyFingerprint: () => string
}

type Labels = Readonly<Record<string, string>>

type Value = readonly [name: string, help: string, read: () => number]

const toValues = (sources: GaugeSources): readonly Value[] => [
  ['in_flight', 'Attempts whose whole request has arrived and whose reply has not left.', sources.inFlight],
  ['audit_queue_depth', 'Audit records that wait for the next commit.', sources.auditQueueDepth],
  [
    'store_degraded',
    '1 while Redis is unavailable, so that this replica counts alone.',
    () => Number(sources.isStoreDegraded()),
  ],
  [
    'upstream_breaker_state',
    '0: the circuit breaker is closed. 1: it is open and probes.',
    () => Number(sources.breaker.isOpen),
  ],
  [
    'upstream_cool_down_seconds',
    'How long no mint is sent because upstream answered 429.',
    () => sources.breaker.coolDownMs / 1000,
  ],
  [
    'presets_reload_failed',
    '1 while the presets file is invalid, so that older presets apply.',
    () => Number(sources.isPresetsFileInvalid()),
  ],
]

type Info = readonly [
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => readonly Labels[],
]

/** One series of the value 1 for each set of labels. */
const toInfos = (sources: GaugeSources): readonly Info[] => [
  [
    'presets_info',
    'The presets in effect.',
    ['preset', 'revision'],
    () => [...sources.presets()].map(([preset, { revision }]) => ({ preset, revision })),
  ],
  [
    'key_info',
    'The API key in use, as the audit names it.',
    ['fingerprint'],
    () => [{ fingerprint: sources.keyFingerprint() }],
  ],
  ['build_info', 'The version that runs.', ['version'], () => [{ version: sources.version }]],
]

export function addGauges(registry: Registry, sources: GaugeSources): void {
  const registers = [registry]
  for (const [name, help, read] of toValues(sources)) {
    const gauge: Gauge = new Gauge({
      name: `realtime_mint_${name}`,
      help,
      registers,
      collect: () => gauge.set(read()),
    })
  }
  for (const [name, help, labelNames, read] of toInfos(sources)) {
    const gauge: Gauge<string> = new Gauge({
      name: `realtime_mint_${name}`,
      help,
      labelNames,
      registers,
      collect: () => {
        gauge.reset()
        for (const labels of read()) gauge.set(labels, 1)
      },
    })
  }
}
