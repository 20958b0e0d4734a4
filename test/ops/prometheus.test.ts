// The files of ops/ in a real Prometheus that scrapes the real service under load.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { startAdminService } from '../admin/admin-service.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { type Prometheus, runPromtool, startPrometheus } from '../support/prometheus.ts'
import { API_KEY, createTemporaryDirectory, ORIGIN, ROOT } from '../support/service.ts'
import { readDashboard } from './dashboard.ts'

const ADMIN_TOKEN = 'an-admin-token-that-is-only-for-tests'

/** Requests of every outcome, until the test is over. */
function keepAsking(url: string, sandbox: Awaited<ReturnType<typeof startSandbox>>): void {
  const ending = new AbortController()
  const path = `${url}/v1/realtime/client_secrets`
  const mint = (preset: string, origin = ORIGIN): Promise<unknown> =>
    fetch(path, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ preset }),
    }).then((reply) => reply.arrayBuffer())

  async function ask(): Promise<void> {
    while (!ending.signal.aborted) {
      sandbox.behave({ kind: 'status', status: 401 }, 1)
      await mint('voice-assistant')
      await Promise.all(['voice-assistant', 'transcriber', 'unknown'].map((preset) => mint(preset)))
      await mint('voice-assistant', 'https://other.example.com')
      const preflight = { origin: 'https://other.example.com', 'access-control-request-method': 'POST' }
      await fetch(path, { method: 'OPTIONS', headers: preflight })
      await fetch(`${url}/nothing`)
      await delay(50)
    }
  }

  const asking = ask()
  onTestFinished(async () => {
    ending.abort()
    await asking
  })
}

/** The shipped configuration for a service of this test, with a second in place of 15. */
async function toConfiguration(adminUrl: string): Promise<string> {
  const token = join(await createTemporaryDirectory(), 'token')
  await writeFile(token, ADMIN_TOKEN)
  const text = await readFile(join(ROOT, 'ops/prometheus.yml'), 'utf8')
  return text
    .replaceAll('15s', '1s')
    .replace('alerts.yaml', join(ROOT, 'ops/alerts.yaml'))
    .replace('/run/admin/admin_token', token)
    .replace(/dns_sd_configs:[\s\S]*$/, `static_configs: [{ targets: ["${new URL(adminUrl).host}"] }]\n`)
}

const seriesShape = z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) }))

/** The finite values of the last half minute. */
async function findValues({ ask }: Prometheus, query: string): Promise<readonly number[]> {
  const end = Date.now() / 1000
  const data = await ask('query_range', {
    query,
    start: String(end - 30),
    end: String(end),
    step: '1',
  })
  const { result } = z.object({ result: seriesShape }).parse(data)
  return result
    .flatMap(({ values }) => values.map(([, value]) => Number(value)))
    .filter((value) => Number.isFinite(value))
}

async function startScraped(): Promise<Prometheus> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  const service = await startServiceProcess({
    ...(await createEnvironment(sandbox.baseUrl)),
    ADMIN_PORT: '0',
    ADMIN_HOST: '0.0.0.0',
    ADMIN_TOKEN,
    RATE_LIMIT_PER_ADDRESS: '100000/second',
    RATE_LIMIT_PER_CALLER: '20/second',
    RATE_LIMIT_TOTAL: '100000/second',
  })
  const [, adminPort = ''] = await service.seen(/"admin_url":"http:\/\/0\.0\.0\.0:(\d+)"/)
  keepAsking(service.url, sandbox)
  return startPrometheus(await toConfiguration(`http://127.0.0.1:${adminPort}`))
}

describe.skipIf(isMissing('prometheus'))(`Prometheus${ifMissing('prometheus')}`, () => {
  it('has data for every panel of the dashboard, and evaluates every alert', {
    timeout: 90_000,
  }, async () => {
    const prometheus = await startScraped()
    const { queries, annotationQueries } = await readDashboard()
    expect(queries.length).toBeGreaterThan(30)
    async function findEmpty(): Promise<readonly string[]> {
      const found = await Promise.all(
        queries.map(async ({ title, query }) =>
          (await findValues(prometheus, query)).length > 0 ? [] : title,
        ),
      )
      return found.flat()
    }
    await expect.poll(findEmpty, { timeout: 60_000, interval: 1_000 }).toStrictEqual([])
    for (const { query } of annotationQueries) await findValues(prometheus, query)

    const rule = z.object({ name: z.string(), health: z.string(), lastError: z.string().default('') })
    const data = await prometheus.ask('rules')
    const { groups } = z.object({ groups: z.array(z.object({ rules: z.array(rule) })) }).parse(data)
    const rules = groups.flatMap((group) => group.rules)
    expect(rules.length).toBeGreaterThan(15)
    expect(rules.filter(({ health }) => health !== 'ok')).toStrictEqual([])
  })
})

describe.skipIf(isMissing('promtool'))(`promtool${ifMissing('promtool')}`, () => {
  it('finds no problem in the alerts and in the configuration', async () => {
    expect(await runPromtool(['check', 'rules', join(ROOT, 'ops/alerts.yaml')])).toContain('SUCCESS')
    const file = join(await createTemporaryDirectory(), 'prometheus.yml')
    await writeFile(file, await toConfiguration('http://127.0.0.1:1'))
    expect(await runPromtool(['check', 'config', file])).toContain('SUCCESS')
  })

  it('finds no fault with the names and help texts of the metrics', async () => {
    const { ask, mint } = await startAdminService()
    await mint()
    const metrics = await (await ask('/metrics')).text()
    expect(await runPromtool(['check', 'metrics'], metrics)).toBe('')
  })
})
