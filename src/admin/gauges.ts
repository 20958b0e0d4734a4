/** Values that are read when Prometheus asks, so that they cost a mint nothing. */
import { Gauge } from '@prometheus-io/client'
import { readVersion } from '../version.ts'
import type { AdminParts } from './parts.ts'

type Labels = Readonly<Record<string, string>>

type Value = readonly [name: string, help: string, read: () => number]

const toValues = ({ audit, conditions, lifecycle, redis, upstream }: AdminParts): readonly Value[] => [
  [
    'realtime_mint_in_flight',
    'Attempts whose whole request has arrived and whose reply has not left.',
    () => lifecycle.mints.count,
  ],
  ['realtime_mint_audit_queue_depth', 'Audit records that wait for the next commit.', () => audit.queueDepth],
  [
    'realtime_mint_store_degraded',
    '1 while Redis is unavailable, so that this replica counts alone.',
    () => Number(redis?.available === false),
  ],
  [
    'realtime_mint_upstream_breaker_state',
    '0: the circuit breaker is closed. 1: it is open and probes.',
    () => Number(upstream.breaker.isOpen),
  ],
  [
    'realtime_mint_upstream_cool_down_seconds',
    'How long no mint is sent because upstream answered 429.',
    () => upstream.breaker.coolDownMs / 1000,
  ],
  [
    'realtime_mint_presets_reload_failed',
    '1 while the presets file is invalid, so that older presets apply.',
    () => Number(conditions.of('presets_file').state === 'failing'),
  ],
]

type Info = readonly [
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => readonly Labels[],
]

/** One series of the value 1 for each set of labels. */
const toInfos = ({ apiKey, auditKeys, presets }: AdminParts): readonly Info[] => [
  [
    'realtime_mint_presets_info',
    'The presets in effect.',
    ['preset', 'revision'],
    () => [...presets.current().presets].map(([preset, { revision }]) => ({ preset, revision })),
  ],
  [
    'realtime_mint_key_info',
    'The API key in use, as the audit names it.',
    ['fingerprint'],
    () => [{ fingerprint: apiKey.current().fingerprint(auditKeys.fingerprint) }],
  ],
  ['realtime_mint_build_info', 'The version that runs.', ['version'], () => [{ version: readVersion() }]],
]

export function addGauges(parts: AdminParts): void {
  const registers = [parts.metrics.registry]
  for (const [name, help, read] of toValues(parts)) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers,
      collect: () => gauge.set(read()),
    })
  }
  for (const [name, help, labelNames, read] of toInfos(parts)) {
    const gauge: Gauge<string> = new Gauge({
      name,
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
