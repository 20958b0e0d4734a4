/** Real proxies in front of a service, each configured to report the client address in several ways. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDocument } from './documents.ts'
import { findPort, whenListening } from './ports.ts'
import { PROGRAM_PATH } from './programs.ts'
import { createTemporaryDirectory, type Defer } from './service.ts'

/** The port of each configuration, by its name. */
export type Ports = ReadonlyMap<string, number>

/** The proxy's own directives, by the configuration's name. */
export type Ways = Readonly<Record<string, string>>

interface Proxy {
  readonly toParameters: (file: string, directory: string) => readonly string[]
  /** The whole file, around its sites. */
  readonly toFile: (sites: string, directory: string) => string
  /** What listens on `port` of loopback, in front of `target`. */
  readonly toSite: (port: number, target: number, directives: string) => string
  /** The language of the example in docs/proxies.md. */
  readonly language: string
  /** The example without TLS, on `port` of loopback. */
  readonly withoutTls: (example: string, port: number) => string
}

const nginx: Proxy = {
  toParameters: (file, directory) => ['-p', directory, '-c', file, '-e', 'stderr'],
  toFile: (sites, directory) => `
    daemon off; master_process off; pid ${join(directory, 'pid')}; error_log stderr;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(directory, kind)};`).join(' ')}
      ${sites}
    }`,
  toSite: (port, target, directives) => `
    server {
      listen 127.0.0.1:${port};
      location / { proxy_pass http://127.0.0.1:${target}; ${directives} }
    }`,
  language: 'nginx',
  withoutTls: (example, port) =>
    example
      .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
      .replaceAll(/ssl_certificate.*\n/g, ''),
}

const caddy: Proxy = {
  toParameters: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  toFile: (sites) => `{\n  admin off\n  auto_https off\n}\n${sites}\n`,
  toSite: (port, target, directives) => `
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${target} {
    ${directives}
  }
}`,
  language: 'caddyfile',
  withoutTls: (example, port) => example.replace('mint.example.com {', `http://:${port} {\n\tbind 127.0.0.1`),
}

const haproxy: Proxy = {
  toParameters: (file) => ['-db', '-f', file],
  toFile: (sites) => `${sites}\n`,
  toSite: (port, target, directives) => `
listen way-${port}
  bind 127.0.0.1:${port}
  mode http
  timeout connect 2s
  timeout client 15s
  timeout server 15s
  ${directives}
  server mint 127.0.0.1:${target}`,
  language: 'haproxy',
  withoutTls: (example, port) => example.replace(/bind :443 .*/, `bind 127.0.0.1:${port}`),
}

const proxies = { nginx, caddy, haproxy } as const

export type ProxyName = keyof typeof proxies

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Runs it with these sites until `defer` ends it. Resolves when it listens on all ports. */
async function run(name: ProxyName, sites: string, ports: Iterable<number>, defer: Defer): Promise<void> {
  const directory = await createTemporaryDirectory(defer)
  const file = join(directory, 'configuration')
  await writeFile(file, proxies[name].toFile(sites, directory))
  const child = spawn(name, proxies[name].toParameters(file, directory), {
    stdio: 'ignore',
    env: { PATH: PROGRAM_PATH, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  })
  const failed = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`${name} ended with ${String(code)}`)
  })
  failed.catch(() => undefined)
  defer(() => end(child))
  await Promise.race([failed, Promise.all(Array.from(ports, whenListening))])
}

/** A proxy in front of `target`, a port on loopback. */
export async function startReverseProxy(
  name: ProxyName,
  ways: Ways,
  target: number,
  defer: Defer,
): Promise<Ports> {
  const ports = new Map<string, number>()
  for (const way of Object.keys(ways)) ports.set(way, await findPort())
  const sites = Array.from(ports, ([way, port]) => proxies[name].toSite(port, target, ways[way] ?? ''))
  await run(name, sites.join('\n'), ports.values(), defer)
  return ports
}

/** The example in docs/proxies.md in front of `target`. Its port. */
export async function startDocumented(name: ProxyName, target: number, defer: Defer): Promise<number> {
  const { language, withoutTls } = proxies[name]
  const { text } = await readDocument('docs/proxies.md')
  const [, example = ''] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text) ?? []
  const port = await findPort()
  const sites = withoutTls(example, port).replaceAll('127.0.0.1:8080', `127.0.0.1:${target}`)
  await run(name, sites, [port], defer)
  return port
}
