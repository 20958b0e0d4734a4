/** The examples of docs/browser.md, built as a front end builds its code. */
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'

const page = await readFile(join(ROOT, 'docs/browser.md'), 'utf8')

export const SERVICE = 'https://mint.example.com'

const sectionOf = (heading: string): string =>
  page.split(/^## /m).find((section) => section.startsWith(`${heading}\n`)) ?? ''

const findCode = (text: string): readonly string[] =>
  [...text.matchAll(/```jsx?\n([\s\S]*?)```/g)].flatMap(([, code]) => code ?? [])

/** The examples of a section, in their order. */
export const findSnippets = (heading: string): readonly string[] => findCode(sectionOf(heading))

export const allSnippets = findCode(page)

/** The policy that the page tells its readers to send. */
export const findPolicy = (): string =>
  /```\n([\s\S]*?)```/.exec(sectionOf('Policies of your page'))?.[1]?.replaceAll('\n', ' ').trim() ?? ''

/** The codes in the first column of the table of codes. */
export const findCodes = (): readonly string[] =>
  [...sectionOf('What each code means').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].flatMap(([, code]) => code ?? []),
  )

/** Bundles code for a browser, with the packages of this project. What comes from an address stays an import. */
export async function bundle(code: string): Promise<string> {
  const root = await createTemporaryDirectory()
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  await writeFile(join(root, 'main.jsx'), code)
  const built = await build({
    root,
    configFile: false,
    logLevel: 'error',
    // As a development server does: React mounts twice only then.
    define: { 'process.env.NODE_ENV': '"development"' },
    resolve: { alias: { 'realtime-mint/client': join(ROOT, 'src/client/client.js') } },
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      modulePreload: false,
      rolldownOptions: {
        input: join(root, 'main.jsx'),
        external: /^https?:/,
        output: { codeSplitting: false },
      },
    },
  })
  const [output] = [built].flat()
  if (output === undefined || !('output' in output)) throw new Error('vite built nothing')
  return output.output[0].code
}
