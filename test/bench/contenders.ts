import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { toSourceCommand } from './image-command.ts'
import { inTurn } from './in-turn.ts'
import { toNginxProxy } from './nginx-proxy.ts'
import { type RunningServer, startProgram, startServer, type Workshop } from './workshop.ts'

export interface Contender {
  readonly server: RunningServer
  readonly mintUrl: URL
}

const HOST = '127.0.0.1'
export const MINT_PATH = '/v1/realtime/client_secrets'

/** The names that the report shows. */
export const names = {
  bare: 'bare node:http + undici',
  fastify: 'bare Fastify + undici',
  nginx: 'nginx proxy_pass',
  mint: 'realtime-mint',
  express: 'Express sample',
} as const

/** Starts the upstream and the servers that mint from it, in round order. nginx is left out if it is not installed. */
export async function startContenders(workshop: Workshop): Promise<Contender[]> {
  const upstream = await startServer(workshop, {
    name: 'instant-upstream',
    script: 'test/bench/instant-upstream.ts',
    env: {},
  })
  const upstreamEnv = toUpstreamEnv(upstream)
  const auditDirectory = await mkdtemp(join(workshop.directory, 'audit-'))
  const mintEnv = { ...upstreamEnv, ...toMintEnv(auditDirectory) }
  const scripts = [
    { name: names.bare, script: 'test/bench/pass-through.ts', env: upstreamEnv, path: MINT_PATH },
    { name: names.mint, ...toSourceCommand(), env: mintEnv, path: MINT_PATH },
    { name: names.express, script: 'test/bench/express-sample.ts', env: upstreamEnv, path: '/session' },
    { name: names.fastify, script: 'test/bench/fastify-sample.ts', env: upstreamEnv, path: MINT_PATH },
  ]
  const contenders = await inTurn(scripts, async (script) =>
    toContender(await startServer(workshop, script), script.path),
  )
  const nginx = toNginxProxy(workshop, upstream.origin)
  if (nginx === undefined) return contenders
  return [...contenders, toContender(await startProgram(workshop, nginx), MINT_PATH)]
}

const toContender = (server: RunningServer, path: string): Contender => ({
  server,
  mintUrl: new URL(path, server.origin),
})

export const toUpstreamEnv = ({ origin }: RunningServer) => ({
  OPENAI_API_KEY: 'sk-bench-0123456789abcdefghijklmnop',
  OPENAI_BASE_URL: `${origin}/v1`,
})

// The shipped settings, except for limits that count every mint and refuse none.
export const toMintEnv = (auditDirectory: string): Record<string, string> => ({
  HOST,
  ALLOWED_ORIGINS: 'http://localhost:3000',
  AUTH_MODE: 'none',
  RATE_LIMIT_PER_ADDRESS: '1000000/second',
  RATE_LIMIT_PER_CALLER: '1000000/second',
  RATE_LIMIT_TOTAL: '1000000/second',
  MAX_CONCURRENT_MINTS: '10000',
  AUDIT_DIR: auditDirectory,
  AUDIT_DURABILITY: 'fsync',
  PRESETS_FILE: 'presets.yaml',
  LOG_LEVEL: 'info',
})
