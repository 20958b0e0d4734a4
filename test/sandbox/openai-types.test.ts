import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from '../support/service.ts'

it('the types of the sandbox are those of the installed OpenAI SDK; otherwise run npm run sandbox:types', async () => {
  const script = join(ROOT, 'scripts/openai-types.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 10_000_000 })
  const file = await readFile(join(ROOT, 'sandbox/openai-types.json'), 'utf8')
  expect(JSON.parse(file)).toStrictEqual(JSON.parse(stdout))
  expect(file).not.toMatch(/"description": "/)
}, 90_000)
