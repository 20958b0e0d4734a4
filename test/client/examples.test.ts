/** The examples of docs/browser.md as an editor checks them, against the types of the client and of each library. */
import { execFile } from 'node:child_process'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { allSnippets, SERVICE } from '../browser/snippets.ts'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'

const client = join(ROOT, 'src/client/client.js')

const settings = {
  compilerOptions: {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
    strict: false,
    target: 'esnext',
    module: 'esnext',
    moduleResolution: 'bundler',
    allowImportingTsExtensions: true,
    jsx: 'preserve',
    lib: ['esnext', 'dom', 'dom.iterable'],
    types: [],
    paths: { 'realtime-mint/client': [client], [`${SERVICE}/client.js`]: [client] },
  },
  include: ['.'],
}

/** What the readers have: their own login. */
const globals = `declare const auth: {
  getAccessToken: () => Promise<string>
  toToken: (request: Request) => Promise<string>
}`

/** The problems that tsc finds in the examples. */
async function check(examples: readonly string[]): Promise<string> {
  const folder = await createTemporaryDirectory()
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  await writeFile(join(folder, 'globals.d.ts'), globals)
  for (const [index, code] of examples.entries()) {
    await writeFile(join(folder, `example-${index}.jsx`), `${code}\nexport {}\n`)
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  return promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    ({ stdout }) => stdout,
    ({ stdout }) => String(stdout),
  )
}

it('every example of docs/browser.md type-checks', async () => {
  expect(allSnippets.length).toBeGreaterThan(10)
  expect(await check(allSnippets)).toBe('')
})

it('an example with a wrong option does not, neither of the client nor of a library', async () => {
  const wrong = allSnippets.map((code) =>
    code.replace("preset: 'voice-assistant'", 'presets: 1').replace('expiresAt * 1000', 'String(expiresAt)'),
  )
  const problems = await check(wrong)
  expect(problems).toMatch(/'presets' does not exist in type 'ClientOptions'/)
  expect(problems).toMatch(/'RealtimeToken'/)
})
