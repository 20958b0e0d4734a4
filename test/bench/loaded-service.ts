import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { toMintEnv } from './contenders.ts'
import { toSourceCommand } from './image-command.ts'
import { KeptConnections } from './kept-connections.ts'
import { type RunningServer, type ServerScript, startServer, type Workshop } from './workshop.ts'

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
    ...toSourceCommand(),
    env: { ...toMintEnv(auditDirectory), OPENAI_API_KEY: 'sk-bench-0123456789abcdefghijklmnop', ...env },
  })
}

/** The same, with connections to it. Each request has this body. */
export async function startLoadedService(
  workshop: Workshop,
  env: Readonly<Record<string, string>>,
  body?: string,
): Promise<LoadedService> {
  const server = await startMint(workshop, { name: 'realtime-mint', env })
  return { server, connections: new KeptConnections(server.origin, body === undefined ? {} : { body }) }
}
