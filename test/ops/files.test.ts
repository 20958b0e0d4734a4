// The files of ops/ as text: what Prometheus and Grafana do not check.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { readDocument } from '../support/documents.ts'
import { ROOT } from '../support/service.ts'
import { type Panel, readDashboard } from './dashboard.ts'

const rule = z.strictObject({
  alert: z.string().regex(/^RealtimeMint[A-Z]\w+$/),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({
    summary: z.string().regex(/^[A-Z].*\.$/),
    description: z.string().regex(/\.$/),
    runbook: z.string(),
  }),
})

const file = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(rule) })) })

const alerts = file
  .parse(parse(await readFile(join(ROOT, 'ops/alerts.yaml'), 'utf8')))
  .groups.flatMap(({ rules }) => rules)

it('alerts have names of their own', () => {
  const names = alerts.map(({ alert }) => alert)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThan(15)
})

it.each(alerts)('$alert links to a section of the runbook', async ({ annotations: { runbook } }) => {
  const [path, anchor] = runbook.split('#')
  expect(path).toBe('docs/operations.md')
  expect((await readDocument('docs/operations.md')).anchors).toContain(anchor)
})

it.each(alerts)('docs/operations.md lists $alert', async ({ alert }) => {
  expect((await readDocument('docs/operations.md')).text).toContain(`\`${alert}\``)
})

const overlap = (one: Panel, other: Panel): boolean =>
  one.gridPos.x < other.gridPos.x + other.gridPos.w &&
  other.gridPos.x < one.gridPos.x + one.gridPos.w &&
  one.gridPos.y < other.gridPos.y + other.gridPos.h &&
  other.gridPos.y < one.gridPos.y + one.gridPos.h

it('the dashboard’s panels have ids of their own and do not overlap', async () => {
  const { panels } = await readDashboard()
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const overlapping = panels.filter((one) => panels.some((other) => one !== other && overlap(one, other)))
  expect(overlapping).toStrictEqual([])
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
})

it('the dashboard begins with rate, errors and duration', async () => {
  const { panels } = await readDashboard()
  const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
  expect(rows).toStrictEqual([
    'Rate, errors, duration',
    'Audit',
    'Upstream',
    'Store, presets and key',
    'Process',
  ])
})

it('the dashboard shows every metric of the service', async () => {
  const { queries } = await readDashboard()
  const all = queries.map(({ query }) => query).join('\n')
  const text = (await readDocument('docs/operations.md')).text
  const names = [...text.matchAll(/^\| `((?:http|realtime_mint)_\w+)`/gm)].flatMap(([, name]) => name ?? [])
  expect(names.length).toBeGreaterThan(12)
  expect(names.filter((name) => !all.includes(name))).toStrictEqual([])
})
