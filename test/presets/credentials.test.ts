import { describe, expect, it } from 'vitest'
import { faultsOf, fileOf, problemsOf } from './support.ts'

const mcp = { type: 'mcp', server_label: 's', server_url: 'https://mcp.example.com' }
const key = 'sk-proj-Abc123Def456Ghi789'
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'
const realtime = { type: 'realtime' }

const saying = (instructions: string): object => ({ session: { ...realtime, instructions } })
const withTool = (more: object): object => ({ session: { ...realtime, tools: [{ ...mcp, ...more }] } })
const text = 'session.instructions'

describe('a credential in a preset is refused and not quoted', () => {
  it.each<[what: string, entry: object, path: string]>([
    ['an API key', saying(`Use ${key}.`), text],
    ['a client secret', saying('ek_68af296e8e408191a1120ab6'), text],
    ['a bearer token', saying('Send Bearer abc123'), text],
    ['a bearer token in lower case', saying('bearer a1b2c3d4e5f6a7b8c9'), text],
    ['a JWT', saying(jwt), text],
    ['a flat session’s', { session: { instructions: key } }, text],
    [
      'a password in a URL',
      withTool({ server_url: 'https://me:hunter22@a.example' }),
      'session.tools[0].server_url',
    ],
    ['a tool’s authorization', withTool({ authorization: 'hunter22' }), 'session.tools[0].authorization'],
    ['a tool’s headers', withTool({ headers: { 'x-key': 'hunter22' } }), 'session.tools[0].headers'],
    [
      'a tool’s parameters',
      { session: { tools: [{ name: 'f', parameters: { default: key } }] } },
      'session.tools[0].parameters.default',
    ],
    ['a description', { session: realtime, description: key }, 'description'],
    [
      'a default',
      { ...saying('{{a}}'), variables: { a: { max_length: 99, default: key } } },
      'variables.a.default',
    ],
    ['a rule', { session: realtime, overrides: { instructions: [key] } }, 'overrides.instructions[0]'],
  ])('%s', (_, entry, path) => {
    const message = 'looks like a credential, and browsers can read their session; remove it'
    expect(faultsOf(entry)).toEqual([`${path}: ${message}`])
    expect(JSON.stringify(problemsOf(fileOf(entry)))).not.toMatch(/hunter22|Abc123|ek_68|abc123|a1b2c3|eyJ/)
  })

  it.each([
    ['as a name', fileOf({ session: { ...realtime, [key]: 1 } }), 'presets.only.session.(hidden): '],
    ['as a placeholder', fileOf(saying(`{{ ${key} }}`)), 'presets.only.session.instructions: '],
    ['in a line that is not YAML', `presets: {a: "x" ${key}: y}\n- ${key}`, ' '],
  ])('%s', (_, file, path) => {
    const problems = problemsOf(file)
    expect(problems).toEqual([expect.stringContaining(path), expect.stringContaining(path)])
    expect(problems.join()).not.toContain('Abc123')
  })
})

describe('a preset passes', () => {
  it.each([
    saying('A task-oriented desk-keeper asks risk-averse questions'),
    saying('Know that sk-learn is a library'),
    saying('The bearer of this letter, the bearer certificates and the Bearer of the ring'),
    saying('See https://example.com:8080/a@b for week_days and seek_help'),
    withTool({ headers: null }),
  ])('without a credential: %j', (entry) => {
    expect(faultsOf(entry)).toEqual([])
  })
})
