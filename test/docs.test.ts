/** The documents say what the code does: their links, settings, commands, tables and examples. */
import { access, readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { toPlots } from '../scripts/plot-limits.ts'
import { simulateAll, toTable } from '../scripts/simulate-limits.ts'
import { toReasonsPage } from '../scripts/write-reasons.ts'
import { auditEvents } from '../src/audit/format.ts'
import { variableNames } from '../src/config.ts'
import { ServiceError } from '../src/errors.ts'
import { fieldOrder } from './audit/fields.ts'
import { run } from './cli/running.ts'
import { problemsOf } from './presets/support.ts'
import { anchorsOf } from './support/documents.ts'
import { allReasons } from './support/replies.ts'
import { ORIGIN, ROOT, startTestService } from './support/service.ts'

const paths = await listDocuments()
const documents = await Promise.all(
  paths.map(async (path) => ({ path, text: await readFile(join(ROOT, path), 'utf8') })),
)
const textOf = (path: string): string => documents.find((document) => document.path === path)?.text ?? ''

async function listDocuments(): Promise<readonly string[]> {
  const [root, docs] = await Promise.all([readdir(ROOT), readdir(join(ROOT, 'docs'))])
  return [...root, ...docs.map((name) => `docs/${name}`)].filter((path) => path.endsWith('.md'))
}

const exists = (path: string): Promise<boolean> =>
  access(join(ROOT, path)).then(
    () => true,
    () => false,
  )

/** Every match of the pattern's first group, in all documents. */
const findAll = (pattern: RegExp): readonly string[] => [
  ...new Set(
    documents.flatMap(({ text }) => [...text.matchAll(pattern)].flatMap(([, found]) => found ?? [])),
  ),
]

const linksOf = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => link ?? [])

/** The words in backticks in the first cell of each row below this heading row. */
const firstCells = (text: string, heading: string): readonly string[] => {
  const [table = ''] = text.slice(text.indexOf(`${heading}\n`)).split('\n\n', 1)
  return table
    .split('\n')
    .slice(2)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].flatMap(([, name]) => name ?? []))
}

describe('every document', () => {
  it('is read by these tests', () => {
    expect(paths).toStrictEqual(
      expect.arrayContaining(['README.md', 'SECURITY.md', 'docs/configuration.md', 'docs/reasons.md']),
    )
  })

  it.each(paths)('%s links only to files and headings that exist', async (path) => {
    const broken: string[] = []
    for (const link of linksOf(textOf(path))) {
      if (/^https?:/.test(link)) continue
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : normalize(join(dirname(path), file))
      if (!(await exists(target))) broken.push(link)
      else if (anchor !== undefined && !anchorsOf(textOf(target)).includes(anchor)) broken.push(link)
    }
    expect(broken).toStrictEqual([])
  })

  it('names only files of this repository that exist', async () => {
    const named = findAll(/(?<![\w/.])((?:src|test|sandbox|scripts)\/[\w./-]*\w\/?)/g)
    expect(named.length).toBeGreaterThan(20)
    const missing = await Promise.all(named.map(async (path) => ((await exists(path)) ? [] : path)))
    expect(missing.flat()).toStrictEqual([])
  })

  it('has only JavaScript examples that parse', () => {
    const examples = findAll(/```js\n([\s\S]*?)```/g)
    expect(examples.length).toBeGreaterThan(5)
    for (const example of examples) expect(() => stripTypeScriptTypes(example)).not.toThrow()
  })

  it('has only presets examples without a problem', () => {
    const examples = findAll(/```yaml\n(presets:[\s\S]*?)```/g)
    expect(examples.length).toBeGreaterThan(1)
    for (const example of examples) expect(problemsOf(example)).toStrictEqual([])
  })

  it('uses plain words', () => {
    expect(findAll(/\b(whoever|nobody|mends?|of which|takes? over|are held|surroundings)\b/gi)).toStrictEqual(
      [],
    )
  })

  it('names only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    const named = findAll(/npm run ([\w:]+)/g)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toStrictEqual([])
  })

  it('names only settings that exist', () => {
    const others = findAll(/`((?:NODE|SITE|PUBLISH|COMPOSE|MINT)_[A-Z_]+|LOCAL_DIR|ALL_PROXY)(?:=[^`]*)?`/g)
    const named = findAll(/(?<![\w`-])`?((?:[A-Z]+_)+[A-Z]+)(?:=[^`\s]*)?`/g)
    expect(named.length).toBeGreaterThan(25)
    expect(named.filter((name) => !variableNames.includes(name) && !others.includes(name))).toStrictEqual([])
  })
})

it('the README has every code with all its statuses', () => {
  const rows = [...textOf('README.md').matchAll(/^\| (`[a-z_`, ]+) \| ([0-9, ]+) \|/gm)]
  const missing = allReasons.filter((reason) => {
    const { code, status } = new ServiceError(reason)
    return !rows.some(
      ([, codes, statuses]) => codes?.includes(`\`${code}\``) && statuses?.includes(`${status}`),
    )
  })
  expect(missing).toStrictEqual([])
})

it('the README is short', () => {
  expect(Buffer.byteLength(textOf('README.md'))).toBeLessThanOrEqual(12 * 1024)
})

it('the README quotes figures of docs/performance.md', () => {
  const quoted = /takes ([\d.]+) of the CPU .* adds ([\d.]+) ms/.exec(textOf('README.md'))
  const measured = [/÷ Express sample .* ([\d.]+) ×,/, /^- added p50 .* ([\d.]+) ms,/m].map((figure) =>
    Number(figure.exec(textOf('docs/performance.md'))?.[1]).toFixed(1),
  )
  expect(quoted?.slice(1)).toStrictEqual(measured)
})

it('docs/presets.md shows a problem as it is reported', () => {
  const session = { model: 'gpt-realtime-2.1', audio: { output: { speed: 9 } }, type: 'realtime' }
  const [reported = ''] = problemsOf(JSON.stringify({ presets: { concierge: { session } } }))
  expect(textOf('docs/presets.md')).toContain(reported.replace(/^\S+/, 'presets.yaml:14:12'))
})

it.each(variableNames)('docs/configuration.md has %s in a table', (name) => {
  const cells = [...textOf('docs/configuration.md').matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell]) => cell)
  expect(cells.filter((cell) => cell?.includes(`\`${name}\``))).toHaveLength(1)
})

it('docs/reasons.md is what npm run docs:reasons writes', () => {
  expect(textOf('docs/reasons.md')).toBe(toReasonsPage())
})

describe('docs/scaling.md', async () => {
  const runs = await simulateAll()

  it('has the numbers of the simulation', () => {
    expect(textOf('docs/scaling.md')).toContain(toTable(runs))
  })

  it.each([...toPlots(runs)])('shows %s, as npm run docs:limits draws it', async (file, svg) => {
    expect(textOf('docs/scaling.md')).toContain(`(${file})`)
    expect(await readFile(join(ROOT, 'docs', file), 'utf8')).toBe(svg)
  })
})

describe('docs/audit.md', () => {
  it('has every field, in its order', () => {
    expect(firstCells(textOf('docs/audit.md'), '| field | |')).toStrictEqual([...fieldOrder])
  })

  it('has every event', () => {
    const cells = firstCells(textOf('docs/audit.md'), '| event | what it says in `detail` |')
    expect(cells.toSorted()).toStrictEqual([...auditEvents].toSorted())
  })

  it('names every filter of audit query', async () => {
    const { stderr } = await run('/nowhere', ['query', '--nothing'])
    const names = /There are: (.*)\./.exec(stderr)?.[1]?.split(', ') ?? []
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !textOf('docs/audit.md').includes(`\`${name}\``))).toStrictEqual([])
  })
})

/** Runs the README's example as a page of a listed origin would, against a service of this test. */
async function mintAsInReadme(preset: string): Promise<unknown> {
  const [, example = ''] = /```js\n(async function fetchSecret[\s\S]*?)```/.exec(textOf('README.md')) ?? []
  const { app } = await startTestService()
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const fetchAsPage = (address: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    headers.set('Origin', ORIGIN)
    return fetch(address.replace('https://mint.example.com', url), { ...init, headers })
  }
  return runInNewContext(`${example}; fetchSecret(preset)`, { fetch: fetchAsPage, preset, JSON, Error })
}

describe('the fetch example of the README', () => {
  it('returns a client secret', async () => {
    expect(await mintAsInReadme('assistant')).toMatch(/^ek_/)
  })

  it('shows the message and the request id of a refusal', async () => {
    await expect(mintAsInReadme('nothing')).rejects.toThrow(
      /^The preset does not exist.* \(request [0-9a-f-]{36}\)$/,
    )
  })
})
