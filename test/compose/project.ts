// The compose file as an operator runs it: a directory copied from deploy/compose, and Docker's own commands.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findPort } from '../support/ports.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const run = promisify(execFile)

export interface Project {
  readonly url: string
  /** The copy of deploy/compose. */
  readonly directory: string
  readonly prometheusUrl: string
  /** `docker compose …`; what it prints. */
  readonly compose: (...args: readonly string[]) => Promise<string>
  /** `docker …` */
  readonly docker: (...args: readonly string[]) => Promise<string>
  /** Removes containers, volumes and the directory. */
  readonly remove: () => Promise<void>
}

/** Makes a port of loopback reachable for containers. */
export async function exposeToContainers(target: number): Promise<{ port: number; close: () => void }> {
  const port = await findPort()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => socket.destroy())
  }).listen(port, '0.0.0.0')
  return { port, close: () => void server.close() }
}

/** `settings` are added to the example's. `presets` replaces those of the image. */
export async function createProject(settings: readonly string[], presets: string): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-compose-'))
  await cp(join(ROOT, 'deploy/compose'), directory, { recursive: true })
  const file = join(directory, 'settings.env')
  await writeFile(file, `${await readFile(file, 'utf8')}${settings.join('\n')}\n`)
  await writeFile(join(directory, 'config/presets.yaml'), presets)
  const port = String(await findPort())
  const prometheusPort = String(await findPort())
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: 'realtime-mint-drive',
    COMPOSE_FILE: `docker-compose.yml:test/compose/override.yml`,
    COMPOSE_PROFILES: 'scale',
    MINT_REPLICAS: '3',
    LOCAL_DIR: directory,
    PUBLISH_PORT: port,
    ADMIN_PUBLISH_PORT: String(await findPort()),
    ADMIN_PUBLISH_PORT_2: String(await findPort()),
    ADMIN_PUBLISH_PORT_3: String(await findPort()),
    PROMETHEUS_PUBLISH_PORT: prometheusPort,
  }
  const docker = async (...args: readonly string[]): Promise<string> =>
    (await run('docker', [...args], { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 })).stdout
  const compose = (...args: readonly string[]): Promise<string> => docker('compose', ...args)
  return {
    url: `https://localhost:${port}`,
    prometheusUrl: `http://127.0.0.1:${prometheusPort}`,
    directory,
    docker,
    compose,
    remove: async () => {
      await compose('--profile', '*', 'down', '--volumes', '--timeout', '2')
      await rm(directory, { recursive: true })
    },
  }
}
