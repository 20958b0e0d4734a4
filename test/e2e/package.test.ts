/** The package, as a project that installed it sees it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'
import { run } from './processes.ts'

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

/** Packs a copy of the checkout, and unpacks the package into a project. Returns both folders. */
async function install(): Promise<{ project: string; installed: string }> {
  const project = await createTemporaryDirectory()
  const checkout = join(project, 'checkout')
  for (const name of [...shipped, 'tsconfig.json', 'src', 'docs', 'test/e2e', 'sandbox/page']) {
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
  return { project, installed }
}

const toCompiled = (path: string): string => `dist/${path.replace(/ts$/, 'js')}`

it('the package has a working command line, the client with its types, and nothing else', async () => {
  const { project, installed } = await install()
  const sources = await listFiles(join(ROOT, 'src'))
  const compiled = sources
    .filter((path) => /^(?!client\/|admin\/page\/).*(?<!\.d)\.ts$/.test(path))
    .map(toCompiled)
  const served = sources.filter((path) =>
    /^(?:realtime-mint|client\/client|admin\/page\/.*)\.(?:js|css|html|svg)$/.test(path),
  )
  expect((await listFiles(installed)).toSorted()).toStrictEqual(
    [
      ...shipped,
      ...compiled,
      ...served.map((path) => `src/${path}`),
      'dist/client/client.d.ts',
      'dist/client/client-types.d.ts',
      ...(await listFiles(join(ROOT, 'docs'))).map((path) => `docs/${path}`),
    ].toSorted(),
  )

  // Packages that npm would install.
  await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'))
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
