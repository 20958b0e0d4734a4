/** The queries of the Grafana dashboard. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ROOT } from '../support/service.ts'

const place = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() })

const panel = z.object({
  id: z.int(),
  type: z.enum(['row', 'stat', 'table', 'timeseries']),
  title: z.string().min(1),
  gridPos: place,
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
})

export type Panel = z.infer<typeof panel>

const dashboard = z.object({
  panels: z.array(panel),
  annotations: z.object({ list: z.array(z.object({ name: z.string(), expr: z.string() })) }),
})

/** What Grafana writes in place of its variables, for data that is scraped once a second. */
const toQuery = (expression: string): string =>
  expression.replaceAll('$instance', '.+').replaceAll('$__rate_interval', '5s').replaceAll('$__range', '1m')

export async function readDashboard() {
  const text = await readFile(join(ROOT, 'ops/grafana/dashboards/realtime-mint.json'), 'utf8')
  const { panels, annotations } = dashboard.parse(JSON.parse(text))
  return {
    panels,
    queries: panels.flatMap(({ title, type, targets }) =>
      targets.map(({ expr, legendFormat }) => ({ title, type, query: toQuery(expr), legendFormat })),
    ),
    annotationQueries: annotations.list.map(({ name, expr }) => ({ name, query: toQuery(expr) })),
  }
}
