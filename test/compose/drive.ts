// Runs docker-compose.yml for real: npm run drive:compose. It needs Docker, and as an option the images of the profile
// ops: npm run drive:compose -- --ops. DOCKER_HOST selects another engine; its containers must be able to reach this host.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { createMint, type Mint, mintDuring, type Reply } from './pages.ts'
import { createProject, exposeToContainers, type Project } from './project.ts'

const API_KEY = 'sk-drive-0123456789abcdefghijklmnop'

const SESSION = '{ type: realtime, model: gpt-realtime-2.1, instructions: Be brief. }'

const PRESETS = `presets:
  free: { session: ${SESSION} }
  twice: { session: ${SESSION}, limits: { per_caller: 2/day } }
  ten: { session: ${SESSION}, limits: { total: 10/day } }
`

const UNLIMITED = ['ADDRESS', 'CALLER'].map((level) => `RATE_LIMIT_PER_${level}=100000/second`)

interface Scene extends Project {
  readonly mint: Mint
}

const isIssued = ({ status, body }: Reply): boolean => status === 200 && body.includes('"value":"ek_')

const toStatuses = (replies: readonly Reply[]): readonly number[] => replies.map(({ status }) => status)

/** The longest that a page waited, in milliseconds. */
const slowest = (replies: readonly Reply[]): number =>
  Math.round(Math.max(...replies.map(({ startedAt, endedAt }) => endedAt - startedAt)))

/** What failed, for people: each kind once, with its number. */
function countFailures(replies: readonly Reply[]): string {
  const failed = replies.filter((reply) => !isIssued(reply))
  const kinds = Map.groupBy(failed, ({ status, body }) => `${status} ${body.slice(0, 160)}`)
  return [...kinds].map(([kind, some]) => `${some.length} × ${kind}`).join('; ')
}

async function mintBySpoofing({ mint }: Scene): Promise<string> {
  const claims = ['198.51.100.1', '198.51.100.2', '203.0.113.7', '127.0.0.1']
  const replies: Reply[] = []
  for (const claim of claims) replies.push(await mint('twice', { 'x-forwarded-for': claim }))
  assert.deepEqual(toStatuses(replies), [200, 200, 429, 429])
  return 'a caller who claims four addresses has one limit'
}

async function mintAcrossReplicas({ mint, compose }: Scene): Promise<string> {
  const replies = await Promise.all(Array.from({ length: 60 }, () => mint('ten')))
  const statuses = toStatuses(replies)
  assert.equal(statuses.filter((status) => status === 200).length, 10)
  assert.equal(statuses.filter((status) => status === 429).length, 50)
  const log = await compose('logs', '--no-log-prefix=false', 'mint', 'mint-2', 'mint-3')
  const busy = ['mint-1', 'mint-2-1', 'mint-3-1'].filter((name) =>
    new RegExp(`^${name} .*"preset":"ten"`, 'm').test(log),
  )
  assert.equal(busy.length, 3)
  return 'three replicas admit exactly the 10 of a limit'
}

async function killOne({ mint, compose, docker }: Scene): Promise<string> {
  let killedAt = 0
  const id = (await compose('ps', '--quiet', 'mint-2')).trim()
  const replies = await mintDuring(mint, async () => {
    await docker('kill', id)
    killedAt = performance.now()
    await delay(3_000)
  })
  const failed = replies.filter((reply) => !isIssued(reply))
  const late = failed.filter(({ startedAt }) => startedAt > killedAt)
  assert.equal(late.length, 0, countFailures(late))
  assert.ok(failed.length <= 8, countFailures(replies))
  await compose('up', '--detach', '--wait', '--no-deps', 'mint-2')
  return `a killed replica: ${replies.length} mints, ${failed.length} failed, all in flight when it was killed; the slowest took ${slowest(replies)} ms`
}

async function restartEach({ mint, compose }: Scene): Promise<string> {
  const replies = await mintDuring(mint, async () => {
    for (const name of ['mint', 'mint-2', 'mint-3']) {
      await compose('restart', '--no-deps', name)
      await compose('up', '--detach', '--wait', '--no-deps', name)
    }
  })
  const failed = replies.filter((reply) => !isIssued(reply))
  assert.equal(failed.length, 0, countFailures(failed))
  return `a rolling restart of three replicas: ${replies.length} mints, none failed; the slowest took ${slowest(replies)} ms`
}

async function replaceKey({ mint, directory }: Scene): Promise<string> {
  const path = join(directory, 'secrets/openai_api_key')
  const before = await mint('free')
  assert.match(before.body, /upstream_misconfigured/)
  await rm(path)
  await writeFile(path, `${API_KEY}\n`, { mode: 0o644 })
  const startedAt = Date.now()
  for (;;) {
    const replies = await Promise.all(Array.from({ length: 12 }, () => mint('free')))
    if (replies.every(isIssued)) break
    assert.ok(Date.now() - startedAt < 10_000, countFailures(replies))
    await delay(200)
  }
  return `a key replaced by rm and a new file is used after ${Date.now() - startedAt} ms`
}

async function verifyAudit({ compose }: Scene): Promise<string> {
  const report = await compose('run', '--rm', '--no-deps', '--no-TTY', 'mint', 'audit', 'verify')
  assert.match(report, /^(?:whole|torn): /m)
  return `audit verify: ${report.trim().split('\n').at(-1)}`
}

async function watchReplicas({ compose, prometheusUrl }: Scene): Promise<string> {
  await compose('--profile', 'ops', 'up', '--detach', '--no-deps', 'prometheus')
  const url = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent('sum(up{job="realtime-mint"}) == 3')}`
  for (let tries = 0; ; tries += 1) {
    const text = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (reply) => reply.text(),
      () => '',
    )
    if (text.includes('"value"')) return 'Prometheus scrapes three replicas with the token'
    assert.ok(tries < 90, text)
    await delay(1_000)
  }
}

async function drive(scene: Scene): Promise<void> {
  const steps = [replaceKey, mintBySpoofing, mintAcrossReplicas, killOne, restartEach, verifyAudit]
  for (const step of process.argv.includes('--ops') ? [...steps, watchReplicas] : steps) {
    process.stdout.write(`${await step(scene)}\n`)
  }
}

async function main(): Promise<void> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  const upstream = await exposeToContainers(Number(new URL(sandbox.baseUrl).port))
  const settings = [
    ...UNLIMITED,
    'RATE_LIMIT_TOTAL=100000/second',
    `OPENAI_BASE_URL=http://host.docker.internal:${upstream.port}/v1`,
    'INSECURE_HTTP_HOSTS=host.docker.internal',
  ]
  const project = await createProject(settings, PRESETS)
  try {
    await project.compose('up', '--build', '--detach', '--wait')
    const root = join(project.directory, 'root.crt')
    await project.compose('cp', 'proxy:/data/caddy/pki/authorities/local/root.crt', root)
    const { mint, close } = createMint(project.url, await readFile(root, 'utf8'))
    process.stdout.write('compose is up, behind TLS\n')
    await drive({ ...project, mint })
    await close()
  } catch (error) {
    process.stdout.write(await project.compose('logs', '--tail', '20'))
    throw error
  } finally {
    await project.remove()
    upstream.close()
    await sandbox.close()
  }
}

await main()
