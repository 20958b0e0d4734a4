// The queries of docs/log-queries.md: those for jq on the log of a real service, the others by their fields.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readDocument } from '../support/documents.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { ifMissing, isMissing } from '../support/programs.ts'
import { createTemporaryDirectory, parseRecords, startTestService } from '../support/service.ts'

const { text } = await readDocument('docs/log-queries.md')

interface Question {
  readonly title: string
  /** By tool. */
  readonly queries: Readonly<Record<string, string>>
}

const questions: readonly Question[] = text
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    queries: Object.fromEntries(
      [...section.matchAll(/```(\w+)\n([\s\S]*?)\n```/g)].map(([, tool = '', query = '']) => [tool, query]),
    ),
  }))

const tools = ['sh', 'logql', 'cloudwatch', 'datadog'] as const

it('ten questions have a query for each tool', () => {
  expect(questions).toHaveLength(10)
  expect(questions.map(({ queries }) => Object.keys(queries))).toStrictEqual(questions.map(() => [...tools]))
})

/** The log of a start, and of attempts of every outcome. */
async function createLog() {
  const service = await startTestService()
  await service.mint()
  await service.mint()
  await service.mint({ preset: 'unknown' })
  await service.mint({ preset: 'assistant' }, { origin: 'https://other.example.com' })
  service.sandbox.behave({ kind: 'status', status: 401 }, 1)
  const failed = await service.mint()
  await service.mint()
  const started = await startServiceProcess(await createEnvironment(service.sandbox.baseUrl))
  return {
    log: `${started.stdout()}${service.logText()}`,
    requestId: JSON.parse(failed.body).error.request_id,
  }
}

describe.skipIf(isMissing('jq'))(`jq${ifMissing('jq')}`, () => {
  it('answers every question from the log of a real service', async () => {
    const { log, requestId } = await createLog()
    const directory = await createTemporaryDirectory()
    await writeFile(join(directory, 'mint.log'), log)
    const answers = await Promise.all(
      questions.map(async ({ queries }) => {
        const command = (queries['sh'] ?? '').replace('REQUEST_ID', requestId)
        const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: directory })
        return stdout
          .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, 'TIME')
          .replaceAll(/ +/g, ' ')
          .trim()
      }),
    )
    expect(answers).toStrictEqual([
      expect.stringMatching(/\d TIME failed[\s\S]*\d TIME issued[\s\S]*\d TIME refused/),
      '1 upstream_misconfigured upstream_unauthorized',
      'assistant TIME',
      expect.stringMatching(/^1 null (?:unknown_preset|origin_not_allowed)\n 1 null /),
      'https://other.example.com',
      expect.stringMatching(/^3 200 null null\n 1 401 invalid_api_key null$/),
      expect.stringMatching(/"p50": \d+,\s+"p95": \d+,\s+"max": \d+/),
      expect.stringMatching(/TIME error API key refused: every mint fails/),
      expect.stringMatching(/^TIME listening [0-9a-f]{16} \d+\.\d+\.\d+$/),
      expect.stringContaining('"outcome": "failed"'),
    ])
  })
})

/** The names that the queries of a tool have. */
const find = (tool: string, pattern: RegExp): readonly string[] =>
  questions.flatMap(({ queries }) =>
    [...(queries[tool] ?? '').matchAll(pattern)].flatMap(([, list = '']) => list.split(', ')),
  )

it('the other queries name only fields of the log', async () => {
  const { log } = await createLog()
  const fields = new Set(parseRecords(log).flatMap((record) => Object.keys(record)))
  const named = find('logql', /(?:by \(|\| )(\w+(?:, \w+)*)(?:\)|[!=]~?")/g).concat(
    find('cloudwatch', /(?:filter|and|ispresent\(|pct\(|max\() ?(\w+)(?= in| like| =|,|\))/g),
    find('datadog', /@(\w+)/g),
  )
  expect(new Set(named).size).toBeGreaterThan(10)
  // Of an incident that this log does not have.
  expect(named.filter((name) => !fields.has(name) && name !== 'cause')).toStrictEqual([])
})
