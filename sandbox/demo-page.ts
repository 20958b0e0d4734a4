/** The demo page at `/`, its files, and what it asks the demo: the presets, and the sandbox's behaviour. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { ServiceError } from '../src/errors.ts'
import { isLoopbackAuthority } from '../src/http/headers.ts'
import { formatRules } from '../src/limits/rules.ts'
import { toPath, valueAt } from '../src/presets/json.ts'
import type { Preset } from '../src/presets/preset.ts'
import type { Runtime } from '../src/runtime.ts'
import { parseOrder } from './behaviour.ts'
import type { DemoIssuer } from './demo-issuer.ts'
import type { PageState, PresetInfo } from './page/page-types.ts'
import type { Sandbox } from './sandbox.ts'

export interface DemoPageOptions {
  readonly sandbox: Sandbox
  /** Null if callers are anonymous. */
  readonly issuer: DemoIssuer | null
}

const folder = new URL('page/', import.meta.url)
/** The demo looks like the operations page. */
const theme = new URL('../src/admin/page/theme.css', import.meta.url)

const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
])

/** `realtimeUrl` is the only other host that the page talks to. */
const toPageHeaders = (realtimeUrl: string) => ({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${new URL(realtimeUrl).origin} ${new URL(realtimeUrl).origin.replace('http', 'ws')}`,
    "frame-src 'self'",
    "frame-ancestors 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
})

function toModel(session: Preset['session']): string | null {
  const model = valueAt(session, ['model'])
  return typeof model === 'string' ? model : null
}

/** What the page builds its form from. */
const toInfo = ({ name, description, type, session, ...preset }: Preset): PresetInfo => ({
  name,
  description,
  type,
  expires_after_seconds: preset.expiresAfterSeconds,
  variables: [...preset.variables].map(([variable, { enum: values, max_length, default: own }]) => ({
    name: variable,
    values: values ?? null,
    max_length: max_length ?? 0,
    default: own ?? null,
  })),
  overrides: [...preset.rules].map(([path, rule]) => ({
    path,
    own: valueAt(session, toPath(path)) ?? null,
    rule,
  })),
  limit: formatRules(preset.limits.perCaller),
  model: toModel(session),
})

async function serveFiles(app: FastifyInstance, realtimeUrl: string): Promise<void> {
  const pageHeaders = toPageHeaders(realtimeUrl)
  const own = (await readdir(folder)).map((name) => new URL(name, folder))
  for (const url of [...own, theme]) {
    const name = basename(url.pathname)
    const type = mediaTypes.get(extname(name))
    if (type === undefined) continue
    const bytes = await readFile(url)
    const path = name === 'index.html' ? '/' : `/demo/${name}`
    app.get(path, (_request, reply: FastifyReply) => reply.headers(pageHeaders).type(type).send(bytes))
  }
}

/** The address of the operations page, or null if there is none. */
function toOperationsUrl({ adminApp }: Runtime): string | null {
  const address = adminApp?.server.address()
  if (adminApp?.hasRoute({ method: 'GET', url: '/' }) !== true || typeof address !== 'object') return null
  return address === null ? null : `http://127.0.0.1:${address.port}/`
}

const unixSeconds = (): number => Math.floor(Date.now() / 1000)

function serveTokens(app: FastifyInstance, { toToken }: DemoIssuer): void {
  const send = async (reply: FastifyReply, issuedAt: number): Promise<FastifyReply> =>
    reply.type('text/plain').send(await toToken(issuedAt))
  app.get('/demo/token', (_request, reply) => send(reply, unixSeconds()))
  app.get('/demo/expired-token', (_request, reply) => send(reply, unixSeconds() - 3600))
}

/** Adds the page to the service of the demo, before it listens. */
export async function addDemoPage(runtime: Runtime, { sandbox, issuer }: DemoPageOptions): Promise<void> {
  const { app, presets } = runtime
  const realtimeUrl = `${sandbox.baseUrl}/realtime`
  // A page whose name resolves to 127.0.0.1 (DNS rebinding) could read the presets here.
  app.addHook('onRequest', async ({ routeOptions: { url = '' }, headers: { host = '' } }) => {
    if (url.startsWith('/demo/') && !isLoopbackAuthority(host)) throw new ServiceError('route_unknown')
  })
  await serveFiles(app, realtimeUrl)
  app.get(
    '/demo/state',
    (): PageState => ({
      presets: [...presets.current().presets.values()].map(toInfo),
      needs_token: issuer !== null,
      operations_url: toOperationsUrl(runtime),
      realtime_url: realtimeUrl,
    }),
  )
  app.get('/demo/upstream', () => {
    const { at, path, body } = sandbox.requests.at(-1) ?? { at: 0, path: '', body: '{}' }
    return { at, path, body }
  })
  app.put('/demo/behaviour', ({ body }) => {
    const parsed = parseOrder(JSON.stringify(body))
    if ('error' in parsed) throw new ServiceError('field_invalid')
    sandbox.behave(parsed.order.behaviour, parsed.order.times)
    return parsed.order
  })
  app.post('/demo/expire', async (_request, reply) => {
    sandbox.expireSecrets()
    return reply.code(204).send()
  })
  if (issuer !== null) serveTokens(app, issuer)
}
