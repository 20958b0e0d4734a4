import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { presetsJsonSchema } from '../../src/presets/schema/json-schema.ts'
import { startProcess } from '../support/process.ts'
import { API_KEY, createTemporaryDirectory, ORIGIN } from '../support/service.ts'

const command = (...given: string[]) => [process.execPath, 'src/main.ts', ...given]

it('check shows for each preset what would be sent, its revision and its warnings', async () => {
  const checked = startProcess(command('check', 'presets.yaml'))
  expect(await checked.ended).toBe(0)
  expect(checked.stdout()).toMatch(
    /^voice-assistant \(revision [0-9a-f]{16}\)\nPOST …\/realtime\/client_secrets\n\{/m,
  )
  expect(checked.stdout()).toMatch(/^translator \(.+\)\nPOST …\/realtime\/translations\/client_secrets\n/m)
  expect(checked.stdout()).toContain('You are a support agent of {{shop}}.')
  expect(checked.stdout()).toMatch(
    /\npresets\.yaml: 5 presets, revision [0-9a-f]{16}, no problems, \d+ warnings\n$/,
  )
})

it('check exits with 78 and names all problems, with path, line and suggestion', async () => {
  const checked = startProcess(command('check', 'test/e2e/broken-presets.yaml'))
  expect(await checked.ended).toBe(78)
  expect(checked.stdout()).toContain(
    'test/e2e/broken-presets.yaml:3:5 presets.one.sesion: is not a known field; did you mean "session"?',
  )
  expect(checked.stdout()).toContain('test/e2e/broken-presets.yaml:7:7 presets.two.session.temperature')
})

it('check without a file judges the settings too', async () => {
  const bad = startProcess(command('check'), { OPENAI_API_KEY: API_KEY, ALLOWED_ORIGINS: ORIGIN })
  expect(await bad.ended).toBe(78)
  expect(bad.stdout()).toContain('  AUTH_MODE: has no default')
  expect(bad.stdout()).toMatch(/\nsettings: 1 problem\npresets\.yaml: no problems\n$/)
  const good = startProcess(command('check'), {
    OPENAI_API_KEY: API_KEY,
    ALLOWED_ORIGINS: ORIGIN,
    AUTH_MODE: 'none',
  })
  expect(await good.ended).toBe(0)
})

it('check --json says the same to programs', async () => {
  const checked = startProcess(command('check', 'presets.yaml', '--json'))
  expect(await checked.ended).toBe(0)
  expect(JSON.parse(checked.stdout())).toMatchObject({
    file: 'presets.yaml',
    problems: [],
    presets: expect.arrayContaining([
      {
        name: 'voice-assistant',
        revision: expect.stringMatching(/^[0-9a-f]{16}$/),
        path: '/client_secrets',
        body: expect.objectContaining({ expires_after: { anchor: 'created_at', seconds: 60 } }),
      },
    ]),
  })
})

it.each<[given: string[], code: number, stdout: RegExp, stderr: RegExp]>([
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
  [['help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
  [['--help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
  [['-h'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
  [['check', '-h'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
  [['explain', '--preset', 'x', '--help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
  [['audit', '--help'], 0, /^Usage: realtime-mint audit/, /^$/],
  [['adit', 'query'], 64, /^$/, /there is no command "adit"\. Did you mean audit\?/],
  [['mint'], 64, /^$/, /there is no command "mint"\. .*The commands are serve, demo, check/],
  [[API_KEY], 64, /^$/, /there is no command of that name\./],
  [['--json'], 64, /^$/, /^realtime-mint serve has no options\.\n$/],
  [['serve', 'now'], 64, /^$/, /^realtime-mint serve takes options only/],
  [['schema', '--live'], 64, /^$/, /^realtime-mint schema has no options\.\n$/],
  [['check', 'presets.yaml', '--live'], 64, /^$/, /^realtime-mint check takes --live without a file\.\n$/],
  [['check', '--jsno'], 64, /^$/, /Did you mean --json\?/],
  [['check', 'a', 'b'], 64, /^$/, /^realtime-mint check takes at most 1 operand\.\n$/],
])('%j exits with %i and says why', async (given, code, stdout, stderr) => {
  const run = startProcess(command(...given))
  expect(await run.ended).toBe(code)
  expect(run.stdout()).toMatch(stdout)
  expect(run.stderr()).toMatch(stderr)
  expect(run.stderr()).not.toContain(API_KEY)
})

it('has the JSON Schema that schema prints in the repository, named by the presets file', async () => {
  const printed = startProcess(command('schema'))
  expect(await printed.ended).toBe(0)
  expect(JSON.parse(printed.stdout())).toEqual(presetsJsonSchema())
  expect(await readFile('presets.schema.json', 'utf8')).toBe(printed.stdout())
  expect(await readFile('presets.yaml', 'utf8')).toMatch(
    /^# yaml-language-server: \$schema=\.\/presets\.schema\.json\n/,
  )
})

it('is packed with the presets file to start from, and the schema that this names', async () => {
  const packed = startProcess(['npm', 'pack', '--dry-run', '--ignore-scripts', '--json'], {
    HOME: await createTemporaryDirectory(),
  })
  expect(await packed.ended).toBe(0)
  const paths = ['presets.yaml', 'presets.schema.json', '.env.example']
  expect(paths.filter((path) => !packed.stdout().includes(`"path": "${path}"`))).toEqual([])
})

it('prints no error when the reader of stdout stops reading, as head does', async () => {
  const piped = startProcess(['sh', '-c', `${command('schema').join(' ')} | true`])
  expect(await piped.ended).toBe(0)
  expect(piped.stderr()).toBe('')
})

it('runs by its own name, as the README says', async () => {
  const help = startProcess(['npm', 'exec', '--', 'realtime-mint', '--help'])
  expect(await help.ended).toBe(0)
  expect(help.stdout()).toMatch(/^Usage: realtime-mint/)
})
