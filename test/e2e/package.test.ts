/** The package, as a project that installed it sees it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startProcess } from '../support/process.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'
import { createSettings, mint, printer, run } from './processes.ts'

const execute = promisify(execFile)

const page = `
import { createClient, MintError } from 'realtime-mint/client'

const client = createClient({ url: 'https://mint.example.com', preset: 'concierge', token: async () => 'token' })
const { value, expiresAt } = await client.secret({ signal: AbortSignal.timeout(1000), variables: { guest: 'Ada' } })
export const checked: [string, number, Promise<string>] = [value, expiresAt, client.apiKey()]
export const toText = (error: MintError): [string, number, number | null] => [error.code, error.status, error.retryAfter]
type Options = Parameters<typeof createClient>[0]
export const isUrlOptional: { preset: string } extends Options ? true : false = false
`

/** Files outside of folders, the same in the checkout and in the package. */
const shipped = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  '.env.example',
  'presets.yaml',
  'presets.schema.json',
]

async function listFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
}

/** Packs a copy of the checkout, and unpacks the package into a project. Returns both folders and what they contain. */
async function install() {
  const project = await createTemporaryDirectory()
  const checkout = join(project, 'checkout')
  for (const name of [
    ...shipped,
    'tsconfig.json',
    'rolldown.config.ts',
    'src',
    'docs',
    'test/e2e',
    'sandbox/page',
  ]) {
    await cp(join(ROOT, name), join(checkout, name), { recursive: true })
  }
  // A file of an older build.
  await mkdir(join(checkout, 'dist'))
  await writeFile(join(checkout, 'dist/removed.js'), '')
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` }
  await execute('npm', ['pack', '--pack-destination', project], { cwd: checkout, env })

  const installed = join(project, 'node_modules/realtime-mint')
  await mkdir(installed, { recursive: true })
  const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz')) ?? ''
  await execute('tar', ['xzf', join(project, tarball), '-C', installed, '--strip-components=1'])
  const files = await listFiles(installed)
  // Packages that npm would install.
  await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'))
  const built = files.filter((path) => /^dist\/[^/]+\.js$/.test(path))
  return { project, installed, files, built }
}

const toBuilt = (name: string): string => `dist/${name}.js`

it('the package has a working command line, the client with its types, and nothing else', async () => {
  const { project, installed, files, built } = await install()
  const served = (await listFiles(join(ROOT, 'src'))).filter((path) =>
    /^(?:realtime-mint|client\/client|admin\/page\/.*)\.(?:js|css|html|svg)$/.test(path),
  )
  expect(built).toStrictEqual(expect.arrayContaining(['main', 'index-worker', 'verify-worker'].map(toBuilt)))
  expect(built).not.toContain('dist/removed.js')
  expect(new Set(files)).toStrictEqual(
    new Set([
      ...shipped,
      ...built,
      ...served.map((path) => `src/${path}`),
      'dist/client/client.d.ts',
      'dist/client/client-types.d.ts',
      ...(await listFiles(join(ROOT, 'docs'))).map((path) => `docs/${path}`),
    ]),
  )

  const bin = [process.execPath, join(installed, 'src/realtime-mint.js')]
  expect(await run([...bin, '--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage:') })
  const demo = { code: 64, stderr: expect.stringContaining('from a checkout') }
  expect(await run([...bin, 'demo'])).toMatchObject(demo)

  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project, 'page.ts'), page)
  const options = '--noEmit --strict --exactOptionalPropertyTypes --lib es2022,dom --target es2022'
  const modules = '--module esnext --moduleResolution bundler'
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  await execute(tsc, [...`${options} ${modules}`.split(' '), 'page.ts'], { cwd: project })

  const source = await readFile(join(ROOT, 'src/client/client.js'), 'utf8')
  expect(await readFile(join(installed, 'src/client/client.js'), 'utf8')).toBe(source)
}, 60_000)

it('the package mints, and finds the files and threads of its operations page', async () => {
  const { installed } = await install()
  const { environment } = await createSettings()
  const service = startProcess([process.execPath, join(installed, 'src/realtime-mint.js')], {
    ...environment,
    ADMIN_PORT: '0',
  })
  const [, adminUrl = ''] = await service.seen(/"admin_url":"([^"]+)"/)
  const [, url = ''] = await service.seen(/"url":"([^"]+)"/)
  expect(await mint(url)).toMatchObject({ status: 200 })
  expect((await fetch(`${url}/client.js`)).status).toBe(200)
  const paths = ['', 'page/main.js', 'page/uplot.js', 'metrics', 'api/attempts', 'api/state']
  for (const path of paths)
    expect([path, (await fetch(`${adminUrl}/${path}`)).status]).toStrictEqual([path, 200])
  const readState = async () => (await fetch(`${adminUrl}/api/state`)).json()
  await expect
    .poll(readState, { timeout: 5_000 })
    .toMatchObject({ audit: { verification: { state: 'done', verdict: 'whole' } } })
}, 60_000)

/** A text that only this part contains. */
const parts = {
  'the Redis client': 'Connection is closed',
  jose: 'ERR_JWKS',
  'the metrics client': 'TDigest',
  'the admin listener': 'trusted-types',
} as const

it('the package loads no part that its settings do not need', async () => {
  const { installed, built } = await install()
  const { environment } = await createSettings()
  const service = startProcess([process.execPath, ...printer, join(installed, 'dist/main.js')], environment)
  await service.seen(/"msg":"listening"/)
  const [loaded = [], others = []] = [true, false].map((wanted) =>
    built.filter((file) => service.stderr().includes(`/${file}\n`) === wanted),
  )
  const findParts = async (paths: readonly string[]): Promise<string[]> => {
    const texts = await Promise.all(paths.map((path) => readFile(join(installed, path), 'utf8')))
    return Object.entries(parts).flatMap(([name, marker]) => (texts.join('').includes(marker) ? [name] : []))
  }
  expect(loaded).toContain('dist/service.js')
  expect(await findParts(loaded)).toStrictEqual([])
  expect(await findParts(others)).toStrictEqual(Object.keys(parts))
}, 60_000)
