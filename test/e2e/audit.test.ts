/** `realtime-mint audit` as operators run it: exit codes, pipes, and files that it must not touch. */
import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { B, Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { startProcess } from '../support/process.ts'
import { AUDIT_KEY, ROOT } from '../support/service.ts'

const run = promisify(execFile)

const chain = () => new Chain().open().attempts(20)

async function audit(directory: string, ...args: readonly string[]) {
  const started = startProcess([process.execPath, 'src/main.ts', 'audit', ...args], {
    AUDIT_DIR: directory,
    AUDIT_KEY,
  })
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() }
}

function cut() {
  const first = chain()
  const second = new Chain({ minute: 1, writer: B }).open(first.named)
  first.lines.splice(-1)
  return toFiles(first, second)
}

function torn() {
  const first = chain()
  first.torn = '{"v":1,'
  return toFiles(first)
}

describe('audit verify exits', () => {
  it.each([
    [0, 'whole', () => toFiles(chain())],
    [1, 'tampered', cut],
    [2, 'torn', torn],
  ])('%i for what is %s', async (code, verdict, files) => {
    const said = await audit(await writeFiles(files()), 'verify')
    expect(said).toMatchObject({ code, stdout: expect.stringContaining(`${verdict}: `), stderr: '' })
  })

  it('3 for what cannot be checked', async () => {
    expect(await audit('/nowhere', 'verify')).toMatchObject({ code: 3, stdout: '' })
  })

  it('64 for what is not understood', async () => {
    expect(await audit('/nowhere', 'verify', '--anchor', 'log')).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringContaining('Did you mean --anchors?'),
    })
  })
})

it('audit query finds by filter, and prints lines that jq could read', async () => {
  const first = chain()
  const directory = await writeFiles(toFiles(first))
  const { code, stdout } = await audit(directory, 'query', '--json', '--event', 'attempt', '--limit', '3')
  expect([code, stdout]).toStrictEqual([0, first.lines.slice(-3).toReversed().join('')])
})

it('audit query ends quietly behind a pipe that was closed', async () => {
  const directory = await writeFiles(toFiles(new Chain().open().attempts(3_000)))
  const line = `set -o pipefail; "${process.execPath}" src/main.ts audit query --json --dir "${directory}" | head -n 1`
  const { stdout, stderr } = await run('bash', ['-c', line], { cwd: ROOT })
  expect([stdout.split('\n').length, stderr]).toStrictEqual([2, ''])
})

it.each([
  ['verify writes nothing', 'verify', ''],
  ['query writes nothing but its index', 'query', 'index.sqlite'],
])('audit %s', async (_what, command, index) => {
  const first = chain()
  const directory = await writeFiles(toFiles(first))
  const names = await readdir(directory)
  const before = [await stat(`${directory}/${first.name}`)]
  await audit(directory, command)
  expect((await readdir(directory)).filter((name) => !names.includes(name)).join()).toBe(index)
  const after = [await stat(`${directory}/${first.name}`)]
  const toFacts = ({ mtimeMs, size, nlink, mode }: (typeof before)[number]) => ({
    mtimeMs,
    size,
    nlink,
    mode,
  })
  expect(after.map(toFacts)).toStrictEqual(before.map(toFacts))
})

it('the usage of the program names it, and the command explains itself', async () => {
  const usage = startProcess([process.execPath, 'src/main.ts', '--help'])
  await usage.ended
  expect(usage.stdout()).toContain('audit verify|query')
  expect(await audit('/nowhere', '--help')).toMatchObject({ code: 0, stderr: '' })
})
