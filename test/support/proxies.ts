/** Real proxies in front of a service, each configured to report the client address in several ways. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDocument } from './documents.ts'
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

/** nginx with these servers. */
async function runNginx(servers: string, ports: ReadonlyMap<string, number>, defer: Defer): Promise<Proxied> {
  const directory = await createTemporaryDirectory(defer)
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  )
  const file = join(directory, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr;
    events {}
    http { access_log off; ${folders.join(' ')} ${servers} }`,
  )
  return run('nginx', ['-p', directory, '-c', file, '-e', 'stderr'], directory, ports, defer)
}

/** nginx in front of `target`, a port on loopback. */
export async function startNginx(ways: Ways, target: number, defer: Defer): Promise<Proxied> {
  const ports = await toPorts(ways)
  const servers = Object.entries(ways).map(
    ([name, directives]) => `
      server {
        listen 127.0.0.1:${ports.get(name)};
        location / { proxy_pass http://127.0.0.1:${target}; ${directives} }
      }`,
  )
  return runNginx(servers.join(''), ports, defer)
}

/** Caddy with these sites. */
async function runCaddy(sites: string, ports: ReadonlyMap<string, number>, defer: Defer): Promise<Proxied> {
  const directory = await createTemporaryDirectory(defer)
  const file = join(directory, 'Caddyfile')
  await writeFile(file, `{\n  admin off\n  auto_https off\n}\n${sites}\n`)
  return run('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], directory, ports, defer)
}

/** Caddy in front of `target`, a port on loopback. */
export async function startCaddy(ways: Ways, target: number, defer: Defer): Promise<Proxied> {
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
  return runCaddy(sites.join('\n'), ports, defer)
}

async function runHaproxy(text: string, ports: ReadonlyMap<string, number>, defer: Defer): Promise<Proxied> {
  const directory = await createTemporaryDirectory(defer)
  const file = join(directory, 'haproxy.cfg')
  await writeFile(file, `${text}\n`)
  return run('haproxy', ['-db', '-f', file], directory, ports, defer)
}

/** HAProxy in front of `target`, a port on loopback. */
export async function startHaproxy(ways: Ways, target: number, defer: Defer): Promise<Proxied> {
  const ports = await toPorts(ways)
  const listeners = Object.entries(ways).map(
    ([name, directives], index) => `
listen way-${index}
  bind 127.0.0.1:${ports.get(name)}
  ${directives}
  server mint 127.0.0.1:${target}`,
  )
  const defaults = 'defaults\n  mode http\n  timeout connect 2s\n  timeout client 15s\n  timeout server 15s'
  return runHaproxy([defaults, ...listeners].join('\n'), ports, defer)
}

const runners = { nginx: runNginx, caddyfile: runCaddy, haproxy: runHaproxy } as const

/** The place of TLS in each example, and what listens on loopback without it. */
const withoutTls: Readonly<Record<keyof typeof runners, (text: string, port: number) => string>> = {
  nginx: (text, port) =>
    text.replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`).replaceAll(/ssl_certificate.*\n/g, ''),
  caddyfile: (text, port) => text.replace('mint.example.com {', `http://:${port} {\n\tbind 127.0.0.1`),
  haproxy: (text, port) => text.replace(/bind :443 .*/, `bind 127.0.0.1:${port}`),
}

/** The example in docs/proxies.md, without TLS, in front of `target`. */
export async function startDocumented(
  language: keyof typeof runners,
  target: number,
  defer: Defer,
): Promise<Proxied> {
  const { text } = await readDocument('docs/proxies.md')
  const [, example = ''] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text) ?? []
  const ports = await toPorts({ documented: '' })
  const changed = withoutTls[language](example, ports.get('documented') ?? 0)
  return runners[language](changed.replaceAll('127.0.0.1:8080', `127.0.0.1:${target}`), ports, defer)
}
