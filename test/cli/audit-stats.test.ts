import { describe, expect, it } from 'vitest'
import { keys } from '../audit/fields.ts'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { run } from './running.ts'

const home = keys.toPseudonym('address', '203.0.113.9')
const ada = keys.toPseudonym('caller', 'ada')

const upstream = { status: 200 }
const issued = { outcome: 'issued', preset: 'one', caller: ada, address: home, model: 'm', upstream }
const refused = { outcome: 'refused', code: 'rate_limited', reason: 'limit_per_address', address: home }

const chain = new Chain()
  .open()
  .add('attempt', issued)
  .add('attempt', { ...issued, preset: 'two', caller: 'bob' })
  .add('attempt', refused)
  .add('attempt', { outcome: 'failed', code: 'upstream_timeout', reason: 'upstream_deadline' })
  .add('heartbeat')
  .add('refusals', {
    code: 'rate_limited',
    count: 7,
    detail: {
      minute: '2026-11-21T23:59:00.000Z',
      reasons: { limit_per_address: 5, limit_per_caller: 2 },
      addresses: [{ address: home, count: 4, max_error: 0 }],
    },
  })

const stats = async (...args: readonly string[]) => run(await writeFiles(toFiles(chain)), ['stats', ...args])

/** Rows as text; `home` and `ada` are these pseudonyms. */
async function rowsOf(args: string): Promise<string> {
  const { stdout } = await stats('--json', ...args.split(' ').filter((arg) => arg !== ''))
  const rows = stdout.split('\n').slice(0, -1)
  const texts = rows.map((row) => Object.values(JSON.parse(row)).map(String).join(' '))
  return texts.join(', ').replaceAll(home, 'home').replaceAll(ada, 'ada').replaceAll(':00.000Z', '')
}

describe('audit stats', () => {
  it.each([
    ['', 'refused 8, issued 2, failed 1'],
    ['--by code', 'rate_limited 8, null 2, upstream_timeout 1'],
    ['--by reason', 'limit_per_address 6, null 2, limit_per_caller 2, upstream_deadline 1'],
    ['--by hour', '2026-11-21T23:00 7, 2026-11-22T00:00 4'],
    [
      '--by day,outcome',
      '2026-11-21T00:00 refused 7, 2026-11-22T00:00 issued 2, 2026-11-22T00:00 failed 1, 2026-11-22T00:00 refused 1',
    ],
    ['--by preset', 'null 9, one 1, two 1'],
    ['--by caller', ada < 'bob' ? 'null 9, ada 1, bob 1' : 'null 9, bob 1, ada 1'],
    ['--by address', 'home 7, null 4'],
    [
      '--by address --by code',
      'home rate_limited 5, null rate_limited 3, home null 2, null upstream_timeout 1',
    ],
    ['--by model --outcome issued', 'm 2'],
    ['--by upstream_status', 'null 9, 200 2'],
    ['--by code --preset one', 'null 1'],
    ['--by code --caller ada', 'null 1'],
    ['--by code --address 203.0.113.9', 'rate_limited 5, null 2'],
    ['--by code --status 200', ''],
    ['--since 2026-11-22', 'issued 2, failed 1, refused 1'],
    ['--until 2026-11-22', 'refused 7'],
    ['--reason limit_per_caller', 'refused 2'],
    ['--event attempt', 'issued 2, failed 1, refused 1'],
    ['--event refusals', 'refused 7'],
    ['--by code --event heartbeat', 'null 1'],
    ['--limit 1', 'refused 8'],
  ])('%s', async (args, rows) => {
    expect(await rowsOf(args)).toBe(rows)
  })

  it('names the fields in JSON', async () => {
    const { stdout } = await stats('--json', '--by', 'outcome,code', '--outcome', 'issued')
    expect(stdout).toBe('{"outcome":"issued","code":null,"count":2}\n')
  })

  it('is a table for people, with whole values', async () => {
    expect(await stats('--by', 'hour,address')).toStrictEqual({
      code: 0,
      stdout: `hour (UTC)        address                           count
2026-11-21 23:00  ${home}  4
2026-11-21 23:00  -                                 3
2026-11-22 00:00  ${home}  3
2026-11-22 00:00  -                                 1
`,
      stderr: '',
    })
  })

  it('says so if nothing matches, or if it does not show all', async () => {
    const nothing = { code: 0, stdout: '', stderr: 'No attempt matches.\n' }
    expect(await stats('--preset', 'none')).toStrictEqual(nothing)
    expect((await stats('--limit', '1')).stderr).toBe('There are 3 groups. --limit 0 shows all.\n')
    const directory = await writeFiles({ [chain.name]: `${chain.text}garbage\n` })
    const { stderr } = await run(directory, ['stats'])
    expect(stderr).toMatch(/^Lines that are incomplete or not records: 1\. Run/)
  })

  it.each([
    ['--by colour', /does not know this --by\. There are: hour, day, outcome, /],
    ['--by minute', /does not know this --by/],
    ['--by hour,code,reason', /takes --by with one or two fields/],
    ['--by code,code', /takes --by with one or two fields/],
    ['--status ok', /takes --status with an HTTP status, such as 429/],
    ['--oldest-first', /has no such option/],
  ])('exits with 64 for %s', async (args, stderr) => {
    const said = { code: 64, stdout: '', stderr: expect.stringMatching(stderr) }
    expect(await stats(...args.split(' '))).toStrictEqual(said)
  })
})
