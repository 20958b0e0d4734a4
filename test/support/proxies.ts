/** Real proxies in front of a service, each configured to report the client address in several ways. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort, whenListening } from './ports.ts'
import { PROGRAM_PATH } from './programs.ts'
import { createTemporaryDirectory, type Defer } from './service.ts'

export interface Proxied {
  /** The port of each configuration, by its name. */
  readonly ports: ReadonlyMap<string, number>
}

/** The proxy's own directives, by the configuration's name. */
export type Ways = Readonly<Record<string, string>>

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function run(
  program: string,
  parameters: readonly string[],
  directory: string,
  ports: ReadonlyMap<string, number>,
  defer: Defer,
): Promise<Proxied> {
  const child = spawn(program, parameters, {
    stdio: 'ignore',
    env: { PATH: PROGRAM_PATH, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  })
  const failed = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`${program} ended with ${String(code)}`)
  })
  failed.catch(() => undefined)
  defer(() => end(child))
  await Promise.race([failed, Promise.all([...ports.values()].map(whenListening))])
  return { ports }
}

const toPorts = async (ways: Ways): Promise<ReadonlyMap<string, number>> =>
  new Map(await Promise.all(Object.keys(ways).map(async (name) => [name, await findPort()] as const)))

/** nginx in front of `target`, a port on loopback. */
export async function startNginx(ways: Ways, target: number, defer: Defer): Promise<Proxied> {
  const directory = await createTemporaryDirectory(defer)
  const ports = await toPorts(ways)
  const servers = Object.entries(ways).map(
    ([name, directives]) => `
      server {
        listen 127.0.0.1:${ports.get(name)};
        location / { proxy_pass http://127.0.0.1:${target}; ${directives} }
      }`,
  )
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  )
  const file = join(directory, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr;
    events {}
    http { access_log off; ${folders.join(' ')} ${servers.join('')} }`,
  )
  return run('nginx', ['-p', directory, '-c', file, '-e', 'stderr'], directory, ports, defer)
}

/** Caddy in front of `target`, a port on loopback. */
export async function startCaddy(ways: Ways, target: number, defer: Defer): Promise<Proxied> {
  const directory = await createTemporaryDirectory(defer)
  const ports = await toPorts(ways)
  const sites = Object.entries(ways).map(
    ([name, directives]) => `
http://:${ports.get(name)} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${target} {
    ${directives}
  }
}`,
  )
  const file = join(directory, 'Caddyfile')
  await writeFile(file, `{\n  admin off\n  auto_https off\n}\n${sites.join('\n')}\n`)
  return run('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], directory, ports, defer)
}
