import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { toMintEnv } from './contenders.ts'
import { KeptConnections } from './kept-connections.ts'
import { type RunningServer, type ServerScript, startServer, type Workshop } from './workshop.ts'

const BODY = '{"preset":"voice-assistant"}'

export interface LoadedService {
  readonly server: RunningServer
  /** Connections whose every request asks for a secret. */
  readonly connections: KeptConnections
}

/** Starts the service with the shipped settings, overridden by `env`, and an audit of its own. */
export async function startMint(
  workshop: Workshop,
  { name, env }: Pick<ServerScript, 'name' | 'env'>,
): Promise<RunningServer> {
  const auditDirectory = await mkdtemp(join(workshop.directory, 'audit-'))
  return startServer(workshop, {
    name,
    script: 'src/main.ts',
    env: { ...toMintEnv(auditDirectory), OPENAI_API_KEY: 'sk-bench-0123456789abcdefghijklmnop', ...env },
  })
}

/** The same, with connections to it. Each request has this body. */
export async function startLoadedService(
  workshop: Workshop,
  env: Readonly<Record<string, string>>,
  body = BODY,
): Promise<LoadedService> {
  const server = await startMint(workshop, { name: 'realtime-mint', env })
  const { host, port } = new URL(server.origin)
  const head = [
    'POST /v1/realtime/client_secrets HTTP/1.1',
    `host: ${host}`,
    'origin: http://localhost:3000',
    'content-type: application/json',
    `content-length: ${body.length}`,
  ]
  const request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
  return { server, connections: new KeptConnections(Number(port), request) }
}
