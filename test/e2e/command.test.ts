import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { presetsJsonSchema } from '../../src/presets/schema/file.ts'
import { API_KEY, ORIGIN } from '../support/service.ts'
import { command, run } from './processes.ts'

describe('check', () => {
  it('exits with 78 and names all problems, with path, line and suggestion', async () => {
    const { code, stdout } = await run(command('check', 'test/e2e/broken-presets.yaml'))
    expect(code).toBe(78)
    expect(stdout).toContain(
      'test/e2e/broken-presets.yaml:3:5 presets.one.sesion: is not a known field; did you mean "session"?',
    )
    expect(stdout).toContain('test/e2e/broken-presets.yaml:7:7 presets.two.session.temperature')
  })

  it('judges the settings too without a file', async () => {
    const settings = { OPENAI_API_KEY: API_KEY, ALLOWED_ORIGINS: ORIGIN }
    const bad = await run(command('check'), settings)
    expect(bad.code).toBe(78)
    expect(bad.stdout).toContain('  AUTH_MODE: has no default')
    expect(bad.stdout).toMatch(/\nsettings: 1 problem\npresets\.yaml: no problems\n$/)
    expect(await run(command('check'), { ...settings, AUTH_MODE: 'none' })).toMatchObject({ code: 0 })
  })

  it('warns of too few open files, as the start does', async () => {
    const few = ['sh', '-c', `ulimit -n 300 && ${command('check').join(' ')}`]
    const settings = { OPENAI_API_KEY: API_KEY, ALLOWED_ORIGINS: ORIGIN, AUTH_MODE: 'none' }
    const warning = expect.stringContaining('\nWarnings\n  the process may open 300 files, ')
    expect(await run(few, settings)).toMatchObject({ code: 0, stdout: warning })
  })
})

describe('the command line', () => {
  it.each<[given: string[], code: number, stdout: RegExp, stderr: RegExp]>([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    [['help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['--help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['-h'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['check', '-h'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['explain', '--preset', 'x', '--help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['audit', '--help'], 0, /^Usage: realtime-mint audit/, /^$/],
    [['adit', 'query'], 64, /^$/, /there is no command "adit"\. Did you mean audit\?/],
    [['unpause', '--all'], 64, /^$/, /there is no command "unpause"\. Did you mean resume\?/],
    [['continue'], 64, /^$/, /there is no command "continue"\. Did you mean resume\?/],
    [['unblock'], 64, /^$/, /there is no command "unblock"\. Did you mean resume\?/],
    [['demo', '--help'], 0, /^Usage: realtime-mint \[command\]/, /^$/],
    [['demo', 'now'], 64, /^$/, /^realtime-mint demo takes no arguments\.\n$/],
    [['mint'], 64, /^$/, /there is no command "mint"\. .*The commands are serve, demo, check/],
    [[API_KEY], 64, /^$/, /there is no command of that name\./],
    [['--json'], 64, /^$/, /^realtime-mint serve has no options\.\n$/],
    [['serve', 'now'], 64, /^$/, /^realtime-mint serve takes no arguments\.\n$/],
    [['schema', '--live'], 64, /^$/, /^realtime-mint schema has no options\.\n$/],
    [['check', 'presets.yaml', '--live'], 64, /^$/, /^realtime-mint check takes --live without a file\.\n$/],
    [['check', '--jsno'], 64, /^$/, /Did you mean --json\?/],
    [['check', 'a', 'b'], 64, /^$/, /^realtime-mint check takes at most 1 operand\.\n$/],
  ])('%j exits with %i and says why', async (given, code, stdout, stderr) => {
    const said = await run(command(...given))
    expect(said.code).toBe(code)
    expect(said.stdout).toMatch(stdout)
    expect(said.stderr).toMatch(stderr)
    expect(said.stderr).not.toContain(API_KEY)
  })

  it('prints no error when the reader of stdout stops reading, as head does', async () => {
    const piped = await run(['sh', '-c', `${command('schema').join(' ')} | true`])
    expect(piped).toMatchObject({ code: 0, stderr: '' })
  })

  it('runs by its own name, as the README says', async () => {
    const help = await run(['npm', 'exec', '--', 'realtime-mint', '--help'])
    expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: realtime-mint/) })
  })
})

describe('the repository', () => {
  it('has the JSON Schema that schema prints, named by the presets file', async () => {
    const { code, stdout } = await run(command('schema'))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual(presetsJsonSchema())
    expect(await readFile('presets.schema.json', 'utf8')).toBe(stdout)
    const presets = await readFile('presets.yaml', 'utf8')
    expect(presets).toMatch(/^# yaml-language-server: \$schema=\.\/presets\.schema\.json\n/)
  })
})
