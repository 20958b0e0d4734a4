import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { toMintEnv } from './contenders.ts'
import { KeptConnections } from './kept-connections.ts'
import { type RunningServer, startServer, type Workshop } from './workshop.ts'

const BODY = '{"preset":"voice-assistant"}'

export interface LoadedService {
  readonly server: RunningServer
  /** Connections whose every request asks for a secret. */
  readonly connections: KeptConnections
}

/** Starts the service with the shipped settings, overridden by `env`. Each request has this body. */
export async function startLoadedService(
  workshop: Workshop,
  env: Readonly<Record<string, string>>,
  body = BODY,
): Promise<LoadedService> {
  const server = await startServer(workshop, {
    name: 'realtime-mint',
    script: 'src/main.ts',
    env: {
      ...toMintEnv(await mkdtemp(join(workshop.directory, 'audit-'))),
      OPENAI_API_KEY: 'sk-bench-0123456789abcdefghijklmnop',
      ...env,
    },
  })
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
