// Each alert fires on the series that it is about, and none on those of a healthy service.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { ifMissing, isMissing } from '../support/programs.ts'
import { runPromtool } from '../support/prometheus.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'

const RULES = join(ROOT, 'ops/alerts.yaml')
const SERVICE = 'job="realtime-mint", instance="mint-1"'

interface Series {
  readonly series: string
  /** As promtool writes them: `a+bxn` begins with a and adds b, n times; one value a minute. */
  readonly values: string
}

const attempts = (labels: string, values: string): Series => ({
  series: `realtime_mint_attempts_total{${SERVICE}, ${labels}}`,
  values,
})
const gauge = (name: string, values: string, labels = ''): Series => ({
  series: `${name}{${SERVICE}${labels}}`,
  values,
})
const failed = (code: string, values: string): Series =>
  attempts(`outcome="failed", code="${code}", reason="r", preset="p"`, values)
const refused = (code: string, values: string): Series =>
  attempts(`outcome="refused", code="${code}", reason="r", preset="p"`, values)
const issued = attempts('outcome="issued", code="", reason="", preset="p"', '0+60x60')

/** A duration of a hundred events a minute, all of them between the bounds. */
const slow = (name: string, above: string, below: string, labels = ''): readonly Series[] =>
  [above, below, '+Inf'].map((le) =>
    gauge(`${name}_bucket`, le === above ? '0x60' : '0+100x60', `${labels}, le="${le}"`),
  )

const firing: readonly (readonly [alert: string, series: readonly Series[]])[] = [
  ['RealtimeMintDown', [gauge('up', '0x60')]],
  ['RealtimeMintFailing', [issued, failed('upstream_unavailable', '0+6x60')]],
  ['RealtimeMintRefusedByUpstream', [issued, failed('upstream_misconfigured', '0+1x60')]],
  ['RealtimeMintPresetRejected', [issued, failed('upstream_rejected', '0+1x60')]],
  ['RealtimeMintAuditUnavailable', [issued, failed('audit_unavailable', '0+1x60')]],
  ['RealtimeMintCallersCannotBeChecked', [issued, failed('authentication_unavailable', '0+1x60')]],
  ['RealtimeMintBug', [gauge('up', '1x60'), failed('internal', '_x58 1 1')]],
  ['RealtimeMintBreakerOpen', [gauge('realtime_mint_upstream_breaker_state', '1x60')]],
  [
    'RealtimeMintCoolDown',
    [gauge('realtime_mint_upstream_cool_down_seconds', '0 0 0 5'.padEnd(120, ' 0 0 5'))],
  ],
  [
    'RealtimeMintSlow',
    slow('http_server_request_duration_seconds', '2.5', '5', ', method="POST", status="200"'),
  ],
  ['RealtimeMintAuditSlow', slow('realtime_mint_audit_commit_seconds', '0.5', '1')],
  ['RealtimeMintEventLoopSlow', [gauge('nodejs_eventloop_lag_p99_seconds', '0.3x60')]],
  ['RealtimeMintStoreDegraded', [gauge('realtime_mint_store_degraded', '1x60')]],
  ['RealtimeMintPresetsInvalid', [gauge('realtime_mint_presets_reload_failed', '1x60')]],
  [
    'RealtimeMintReplicasDiffer',
    ['a', 'b'].map((revision) =>
      gauge('realtime_mint_presets_info', '1x60', `, preset="p", revision="${revision}"`),
    ),
  ],
  ['RealtimeMintTokensRefused', [issued, refused('unauthenticated', '0+30x60')]],
  ['RealtimeMintOriginsRefused', [issued, gauge('realtime_mint_refused_preflights_total', '0+90x60')]],
  ['RealtimeMintCallersLimited', [issued, refused('rate_limited', '0+30x60')]],
  ['RealtimeMintPaused', [issued, failed('paused', '0+60x60')]],
  ['RealtimeMintRestarts', [gauge('process_start_time_seconds', '1+300x60')]],
  [
    'RealtimeMintFewDescriptorsLeft',
    [gauge('process_open_fds', '900x60'), gauge('process_max_fds', '1000x60')],
  ],
]

const healthy: readonly Series[] = [
  issued,
  gauge('up', '1x60'),
  failed('upstream_unavailable', '0+1x60'),
  failed('internal', '5x60'),
  refused('rate_limited', '0+1x60'),
  refused('unauthenticated', '0+1x60'),
  gauge('realtime_mint_refused_preflights_total', '0+1x60'),
  gauge('realtime_mint_upstream_breaker_state', '0x60'),
  gauge('realtime_mint_upstream_cool_down_seconds', '0x60'),
  gauge('realtime_mint_store_degraded', '0x60'),
  gauge('realtime_mint_presets_reload_failed', '0x60'),
  gauge('realtime_mint_presets_info', '1x60', ', preset="p", revision="a"'),
  gauge('nodejs_eventloop_lag_p99_seconds', '0.02x60'),
  gauge('process_start_time_seconds', '1x60'),
  gauge('process_open_fds', '50x60'),
  gauge('process_max_fds', '1000x60'),
  ...slow('http_server_request_duration_seconds', '0.1', '0.25', ', method="POST", status="200"'),
  ...slow('realtime_mint_audit_commit_seconds', '0.001', '0.0025'),
]

/** Which alerts fire after an hour; rejects if there are others. */
async function expectFiring(series: readonly Series[], query: string, count: number): Promise<string> {
  const file = join(await createTemporaryDirectory(), 'tests.yaml')
  const samples = count === 0 ? [] : [{ labels: '{}', value: count }]
  const test = {
    interval: '1m',
    input_series: series,
    promql_expr_test: [{ expr: `count(${query})`, eval_time: '59m', exp_samples: samples }],
  }
  const text = stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: [test] })
  await writeFile(file, text)
  return runPromtool(['test', 'rules', file])
}

describe.skipIf(isMissing('promtool'))(`alerts${ifMissing('promtool')}`, () => {
  it.each(firing)('%s fires', async (alert, series) => {
    const query = `ALERTS{alertname="${alert}", alertstate="firing"}`
    await expect(expectFiring(series, query, 1)).resolves.toContain('SUCCESS')
  })

  it('a pause does not count as a failure', async () => {
    const query = 'ALERTS{alertname="RealtimeMintFailing"}'
    await expect(expectFiring([issued, failed('paused', '0+60x60')], query, 0)).resolves.toContain('SUCCESS')
  })

  it('none fires for a healthy service', async () => {
    await expect(expectFiring(healthy, 'ALERTS', 0)).resolves.toContain('SUCCESS')
  })
})

it('every alert has its series here', async () => {
  const { groups } = parse(await readFile(RULES, 'utf8'))
  const names = groups.flatMap(({ rules }: { rules: { alert: string }[] }) => rules.map(({ alert }) => alert))
  expect(firing.map(([alert]) => alert).toSorted()).toStrictEqual(names.toSorted())
})
