import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/secret.ts'
import { keys } from '../audit/fields.ts'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { AUDIT_KEY, createTemporaryDirectory } from '../support/service.ts'
import { type RunOptions, run } from './running.ts'

const SECRET = 'ek_0123456789abcdef'

const home = keys.toPseudonym('address', '203.0.113.9')

/** The start of an id that differs. */
const toId = (digits: string): string => `${digits}-0000-4000-8000-000000000000`

/** From midnight on, ten milliseconds apart. */
const chain = new Chain()
  .open()
  .add('attempt', {
    request_id: toId('11111111'),
    outcome: 'issued',
    status: 200,
    preset: 'one',
    origin: 'https://app.example.com',
    caller: keys.toPseudonym('caller', 'ada'),
    address: home,
    secret: new Secret(SECRET).fingerprint(keys.fingerprint),
  })
  .add('attempt', { request_id: toId('22222222'), outcome: 'refused', status: 429, code: 'rate_limited' })
  .add('attempt', { outcome: 'failed', code: 'upstream_timeout', reason: 'upstream_deadline' })
  .add('heartbeat')
  .add('refusals', { code: 'rate_limited', count: 7, detail: { reasons: { limit_per_address: 7 } } })

const [open, issued, refused, failed, heartbeat, refusals] = chain.lines

const query = async (args: readonly string[], options?: RunOptions) =>
  run(await writeFiles(toFiles(chain)), ['query', ...args], options)

const linesOf = async (args: readonly string[], options?: RunOptions) =>
  (await query(['--json', ...args], options)).stdout

describe('audit query --json', () => {
  it('prints the lines as they are, the newest first, without heartbeats', async () => {
    const stdout = [refusals, failed, refused, issued, open].join('')
    expect(await query(['--json'])).toStrictEqual({ code: 0, stdout, stderr: '' })
  })

  it.each<[args: string, lines: readonly (string | undefined)[]]>([
    ['--oldest-first', [open, issued, refused, failed, refusals]],
    ['--outcome issued', [issued]],
    ['--outcome refused --outcome failed', [refusals, failed, refused]],
    ['--code rate_limited', [refusals, refused]],
    ['--reason upstream_deadline', [failed]],
    ['--reason limit_per_address', [refusals]],
    ['--preset one', [issued]],
    ['--status 429', [refused]],
    ['--status 200 --status 429', [refused, issued]],
    ['--origin https://app.example.com', [issued]],
    ['--event heartbeat --event open', [heartbeat, open]],
    ['--request-id 22222222', [refused]],
    ['--caller ada', [issued]],
    ['--caller bob', []],
    [`--caller ${keys.toPseudonym('caller', 'ada')}`, [issued]],
    ['--address 203.0.113.9', [issued]],
    ['--address ::ffff:203.0.113.9', [issued]],
    [`--secret ${SECRET}`, [issued]],
    ['--secret ek_another', []],
    ['--since 2026-11-22T00:00:00.020Z', [refusals, failed, refused]],
    ['--until 2026-11-22T00:00:00.020', [issued, open]],
    ['--until 2026-11-22T01:00:00.020+01:00', [issued, open]],
    ['--since 2026-11-22', [refusals, failed, refused, issued, open]],
    ['--since 12h', [refusals, failed, refused, issued, open]],
    ['--since 11h', []],
    ['--since 720m --until 43199s', [refusals, failed, refused, issued, open]],
    ['--limit 2', [refusals, failed]],
    ['--limit 2 --oldest-first', [open, issued]],
    ['--limit 0', [refusals, failed, refused, issued, open]],
    ['--outcome issued --preset two', []],
  ])('%s', async (args, lines) => {
    expect(await linesOf(args.split(' '))).toBe(lines.join(''))
  })

  it('reads the secret from the input, without the line feed after it', async () => {
    expect(await linesOf(['--secret', '-'], { input: `${SECRET}\n` })).toBe(issued)
  })
})

describe('audit query for people', () => {
  it('prints a table with a line for each record', async () => {
    const { stdout } = await query([])
    const lines = stdout.replaceAll(/ {2,}/g, '|').trimEnd().split('\n')
    expect(lines.map((line) => line.split('|', 3).join('|'))).toStrictEqual([
      'time (UTC)|outcome|code',
      '2026-11-22 00:00:00|refused|rate_limited',
      '2026-11-22 00:00:00|failed|upstream_timeout',
      '2026-11-22 00:00:00|refused|rate_limited',
      '2026-11-22 00:00:00|issued|one',
      '2026-11-22 00:00:00|open',
    ])
  })

  it('shows 50 records in a terminal and says how to see more', async () => {
    const directory = await writeFiles(toFiles(new Chain().open().attempts(60)))
    const { stdout, stderr } = await run(directory, ['query'], { columns: 300 })
    expect(stdout.split('\n')).toHaveLength(52)
    expect(stderr).toBe('There are more than these 50 records. --limit N shows N of them, --limit 0 all.\n')
    const all = await run(directory, ['query', '--limit', '61'], { columns: 300 })
    expect([all.stdout.split('\n').length, all.stderr]).toStrictEqual([63, ''])
    expect((await run(directory, ['query'])).stdout.split('\n')).toHaveLength(63)
  })

  it('is coloured in a terminal unless NO_COLOR is set', async () => {
    const directory = await writeFiles(toFiles(chain))
    const environment = { AUDIT_DIR: directory, AUDIT_KEY, NO_COLOR: '1' }
    const ask = async (options?: RunOptions) => (await run(directory, ['query'], options)).stdout
    expect(await ask({ columns: 100 })).toContain('\u001b[31mfailed')
    expect(await ask({ columns: 100, environment })).not.toContain('\u001b')
    expect(await ask()).not.toContain('\u001b')
  })

  it('says that nothing matches, and how many lines are not records', async () => {
    const nothing = { code: 0, stdout: '', stderr: 'No record matches.\n' }
    expect(await query(['--preset', 'none'])).toStrictEqual(nothing)
    const directory = await writeFiles({ [chain.name]: `${chain.text}garbage\n{"v":1,` })
    expect(await run(directory, ['query', '--json', '--limit', '1'])).toMatchObject({
      stdout: refusals,
      stderr: expect.stringContaining('Lines that are incomplete or not records: 2. Run'),
    })
  })

  it('shows the progress of a slow read in a terminal, and clears it', async () => {
    const directory = await writeFiles(toFiles(chain))
    let now = 0
    const later = () => (now += 400)
    const { stderr } = await run(directory, ['query', '--json'], { now: later, isNoteTerminal: true })
    expect(stderr).toBe('')
    await rm(join(directory, 'index.sqlite'))
    const slow = await run(directory, ['query', '--json'], { now: () => (now += 600), isNoteTerminal: true })
    expect(slow.stderr).toBe('\r\u001b[K100 % of 1 MB read\r\u001b[K')
    expect((await run(directory, ['query', '--json'], { now: () => (now += 600) })).stderr).toBe('')
  })

  it('ends when its reader stops reading', async () => {
    const directory = await writeFiles(toFiles(new Chain().open().attempts(1_000)))
    const { code, stdout } = await run(directory, ['query', '--json', '--limit', '0'], { readers: 1 })
    expect(code).toBe(0)
    expect(stdout.length).toBeLessThan(200_000)
  })
})

/** A query by a caller, an address or a secret in plain text needs the key of the time. */
const needs = [
  ['--code rate_limited', 0],
  [`--address ${home}`, 0],
  ['--secret abcdef0123456789', 0],
  ['--caller ada', 3],
  ['--address 203.0.113.9', 3],
  [`--secret ${SECRET}`, 3],
] as const

/** The answers of a process with this key, or without any. */
async function queryUnder(key: string | undefined, args: string, files = toFiles(chain)) {
  const directory = await writeFiles(files)
  const environment = { AUDIT_DIR: directory, ...(key === undefined ? {} : { AUDIT_KEY: key }) }
  return run(directory, ['query', '--json', ...args.split(' ')], { environment })
}

describe('audit query without its key', () => {
  it.each(needs)('%s exits with %i', async (args, code) => {
    const said = await queryUnder(undefined, args)
    expect([said.code, said.stderr.includes('there is no audit key (ENOENT)')]).toStrictEqual([
      code,
      code === 3,
    ])
  })
})

describe('audit query with a key that wrote none of the files', () => {
  const other = 'k'.repeat(32)

  it.each(needs)('does not say that nothing matches %s, and exits with %i', async (args, code) => {
    const said = await queryUnder(other, args)
    const isTold = said.stderr.includes('was written with this audit key')
    expect([said.code, isTold]).toStrictEqual([code, code === 3])
  })

  it('finds callers in plain text', async () => {
    const plain = new Chain().open().add('attempt', { caller: 'ada' })
    const said = await queryUnder(other, '--caller ada', toFiles(plain))
    expect(said).toStrictEqual({ code: 0, stdout: plain.lines[1], stderr: '' })
  })

  it('says nothing about keys if there is no file', async () => {
    const said = await queryUnder(other, '--caller ada', {})
    expect(said).toMatchObject({ code: 0, stderr: 'No record matches.\n' })
  })
})

describe('audit query exits with', () => {
  it.each([
    ['/nowhere', '/nowhere does not exist. Set AUDIT_DIR, or name the directory with --dir'],
    ['/dev/null', '/dev/null cannot be read (ENOTDIR)'],
  ])('3 if the directory cannot be read: %s', async (directory, sentence) => {
    const said = { code: 3, stdout: '', stderr: `realtime-mint audit query: the directory ${sentence}\n` }
    expect(await run(directory, ['query'])).toStrictEqual(said)
    expect(await run('.', ['query', '--dir', directory])).toStrictEqual(said)
  })

  it('0 if it is empty', async () => {
    expect(await run(await createTemporaryDirectory(), ['query'])).toMatchObject({ code: 0 })
  })

  it.each<[args: readonly string[], sentence: RegExp]>([
    [['--sinse', '1h'], /has no such option\. Did you mean --since\? There are: --since, .*--json, /],
    [['--foo'], /has no such option\. There are: --since/],
    [['-x'], /has no such option/],
    [['--code', 'rate_limit'], /this --code\. Did you mean rate_limited\? There are: .*internal/],
    [['--reason', 'nothing-like-it'], /does not know this --reason\. There are: .*draining/],
    [['--outcome', 'ok'], /--outcome.* There are: issued, refused, failed\./],
    [['--event', 'attempts'], /--event\. Did you mean attempt\?/],
    [['--since', 'yesterday'], /takes --since like 90s, 15m, 1h, 7d or 2w/],
    [['--until', '2026-13-01'], /takes --until like/],
    [['--since', '2026-02-30'], /takes --since like/],
    [['--since', '2026-02-29T10:00:00+01:00'], /takes --since like/],
    [['--since', '1h', '--since=2h'], /takes --since once/],
    [['--since', '1y'], /takes --since like/],
    [['--status', '4xx'], /takes --status with an HTTP status/],
    [['--limit', 'many'], /takes --limit with a whole number/],
    [['--limit', '-1'], /takes --limit with a value/],
    [['--address', 'localhost'], /takes --address with an IPv4 or IPv6 address/],
    [['--caller'], /takes --caller with a value/],
    [['--caller', ''], /takes --caller with a value/],
    [['--caller', 'ada', '--limit', '1', '--caller', '', '--limit', '2'], /takes --caller with a value/],
    [['--secret', '--json'], /takes --secret with a value/],
    [['--json=yes'], /takes --json without a value/],
    [['issued'], /takes options only/],
  ])('64 for %j', async (args, sentence) => {
    const { code, stdout, stderr } = await query(args)
    expect([code, stdout]).toStrictEqual([64, ''])
    expect(stderr).toMatch(sentence)
  })

  it.each([
    '%',
    '--%',
    '--secret % %',
    '--secret % --limit %',
    '--code %',
    '--since %',
    '--address %',
    '--secret %',
  ])('nothing that repeats a secret: %j', async (args) => {
    const { stdout, stderr } = await query(args.replaceAll('%', SECRET).split(' '))
    expect(stdout + stderr).not.toContain(SECRET)
  })
})

describe('audit', () => {
  it.each([['--help'], ['-h'], ['verify', '--help'], ['query', '-h'], ['stats', '--help']])(
    'explains itself: %s %s',
    async (...args) => {
      const { code, stdout, stderr } = await run('/nowhere', args)
      expect([code, stderr]).toStrictEqual([0, ''])
      expect(stdout).toMatch(/^Usage: realtime-mint audit verify \[-\] \[--anchors LOG\]/)
      expect(stdout).toContain('it does not verify them')
      expect(stdout.split('\n').every((line) => line.length <= 120)).toBe(true)
    },
  )

  it.each<[given: string[], stderr: RegExp]>([
    [[], /^Usage: /],
    [
      ['verifi'],
      /there is no command "verifi"\. Did you mean verify\? The commands are verify, query, stats\.\n$/,
    ],
    [['constructor'], /there is no command "constructor"\. The commands are/],
    [['--json'], /there is no command "--json"\. The commands are/],
  ])('exits with 64 without a known command and says which there are: %j', async (given, expected) => {
    const { code, stdout, stderr } = await run('/nowhere', given)
    expect([code, stdout]).toStrictEqual([64, ''])
    expect(stderr).toMatch(expected)
  })
})
