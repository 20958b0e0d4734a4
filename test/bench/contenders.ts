import { pageMint } from './fixed-mint.ts'
import { toNginxProxy } from './nginx-proxy.ts'
import { startMint, startUpstream, toUpstreamEnv } from './servers.ts'
import { type RunningServer, startProgram, startServer, type Workshop } from './workshop.ts'

export interface Contender {
  readonly server: RunningServer
  readonly mintUrl: URL
}

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
  const upstream = await startUpstream(workshop)
  const env = toUpstreamEnv(upstream)
  const startSample = (name: string, file: string): Promise<RunningServer> =>
    startServer(workshop, { name, script: `test/bench/${file}`, env })
  const contenders = [
    toContender(await startSample(names.bare, 'pass-through.ts')),
    toContender(await startMint(workshop, { name: names.mint, env })),
    toContender(await startSample(names.express, 'express-sample.ts'), '/session'),
    toContender(await startSample(names.fastify, 'fastify-sample.ts')),
  ]
  const nginx = toNginxProxy(workshop, upstream.origin)
  if (nginx === undefined) return contenders
  return [...contenders, toContender(await startProgram(workshop, names.nginx, nginx))]
}

const toContender = (server: RunningServer, path: string = pageMint.path): Contender => ({
  server,
  mintUrl: new URL(path, server.origin),
})
