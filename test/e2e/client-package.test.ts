/** The package's `./client`, as a project that installed the package sees it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'

const run = promisify(execFile)

const page = `
import { createClient, MintError } from 'realtime-mint/client'

const client = createClient({ url: 'https://mint.example.com', preset: 'concierge', token: async () => 'token' })
const { value, expiresAt } = await client.secret({ signal: AbortSignal.timeout(1000), variables: { guest: 'Ada' } })
export const checked: [string, number, Promise<string>] = [value, expiresAt, client.apiKey()]
export const toText = (error: MintError): [string, number, number | null] => [error.code, error.status, error.retryAfter]
// @ts-expect-error The address of the service is required.
createClient({ preset: 'concierge' })
`

it('the packed package has the client with its types, and the service that serves it', async () => {
  const folder = await createTemporaryDirectory()
  const checkout = join(folder, 'checkout')
  const names = ['src', 'package.json', 'tsconfig.json', 'presets.yaml', 'docs']
  for (const name of names) await cp(join(ROOT, name), join(checkout, name), { recursive: true })
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  const env = { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` }
  await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  await run('npm', ['pack', '--pack-destination', folder], { cwd: checkout, env })

  const installed = join(folder, 'node_modules/realtime-mint')
  await mkdir(installed, { recursive: true })
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  await run('tar', [
    'xzf',
    join(folder, `realtime-mint-${version}.tgz`),
    '-C',
    installed,
    '--strip-components=1',
  ])
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'page.ts'), page)
  const strict = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--lib',
    'es2022,dom',
    '--target',
    'es2022',
  ]
  await run(tsc, [...strict, '--module', 'esnext', '--moduleResolution', 'bundler', 'page.ts'], {
    cwd: folder,
  })

  const source = await readFile(join(ROOT, 'src/client/client.js'), 'utf8')
  expect(await readFile(join(installed, 'src/client/client.js'), 'utf8')).toBe(source)
  expect(await readFile(join(installed, 'dist/routes/client-script.js'), 'utf8')).toContain(
    "'../../src/client/client.js'",
  )
}, 60_000)
