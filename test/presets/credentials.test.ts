import { describe, expect, test } from 'vitest'
import { fileOf, problemsOf } from './support.ts'

const mcp = { type: 'mcp', server_label: 's', server_url: 'https://mcp.example.com' }
const key = 'sk-proj-Abc123Def456Ghi789'

describe('a credential in a preset is refused without being quoted', () => {
  test.each<[string, object, string]>([
    [
      'an API key in the instructions',
      { session: { type: 'realtime', instructions: `Use ${key}.` } },
      'session.instructions',
    ],
    ['a client secret', { session: { instructions: 'ek_68af296e8e408191a1120ab6' } }, 'session.instructions'],
    ['a bearer token', { session: { instructions: 'Send Bearer abc123' } }, 'session.instructions'],
    [
      'a bearer token in lower case',
      { session: { instructions: 'bearer a1b2c3d4e5f6a7b8c9' } },
      'session.instructions',
    ],
    [
      'a JWT',
      { session: { instructions: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln' } },
      'session.instructions',
    ],
    [
      'a password in a URL',
      { session: { type: 'realtime', tools: [{ ...mcp, server_url: 'https://me:hunter22@a.example' }] } },
      'session.tools[0].server_url',
    ],
    [
      'a tool’s authorization',
      { session: { type: 'realtime', tools: [{ ...mcp, authorization: 'hunter22' }] } },
      'session.tools[0].authorization',
    ],
    [
      'a tool’s headers',
      { session: { type: 'realtime', tools: [{ ...mcp, headers: { 'x-key': 'hunter22' } }] } },
      'session.tools[0].headers',
    ],
    ['a key in a description', { session: { type: 'realtime' }, description: key }, 'description'],
    [
      'a key as a default',
      { session: { instructions: '{{a}}' }, variables: { a: { max_length: 99, default: key } } },
      'variables.a.default',
    ],
    [
      'a key in a rule',
      { session: { type: 'realtime' }, overrides: { instructions: [key] } },
      'overrides.instructions[0]',
    ],
    [
      'a key in tool parameters',
      { session: { tools: [{ name: 'f', parameters: { default: key } }] } },
      'session.tools[0].parameters.default',
    ],
  ])('%s', (_, entry, path) => {
    const problems = problemsOf(fileOf(entry))
    expect(problems.map((problem) => problem.path)).toEqual([`presets.only.${path}`])
    expect(problems.map(({ message }) => message)).toEqual([
      'looks like a credential, and browsers can read their session; remove it',
    ])
    expect(JSON.stringify(problems)).not.toMatch(/hunter22|Abc123|ek_68|abc123|a1b2c3|eyJ/)
  })

  test('a key where a name belongs', () => {
    const problems = problemsOf(fileOf({ session: { type: 'realtime', [key]: 1 } }))
    expect(problems.map(({ path }) => path)).toEqual(Array(2).fill('presets.only.session.(hidden)'))
    expect(JSON.stringify(problems)).not.toContain('Abc123')
  })

  test('a key in a hole', () => {
    const problems = problemsOf(fileOf({ session: { instructions: `{{ ${key} }}` } }))
    expect(problems).toHaveLength(2)
    expect(JSON.stringify(problems)).not.toContain('Abc123')
  })

  test('a key in a line that is no YAML', () => {
    const problems = problemsOf(`presets: {a: "x" ${key}: y}\n- ${key}`)
    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems)).not.toContain('Abc123')
  })
})

test.each([
  'A task-oriented desk-keeper asks risk-averse questions',
  'Know that sk-learn is a library',
  'The bearer of this letter, the bearer certificates and the Bearer of the ring',
  'See https://example.com:8080/a@b for week_days and seek_help',
])('prose is not taken for a credential: %s', (instructions) => {
  expect(problemsOf(fileOf({ session: { type: 'realtime', instructions } }))).toEqual([])
})

test('an MCP tool without credentials passes, null headers too', () => {
  expect(problemsOf(fileOf({ session: { type: 'realtime', tools: [{ ...mcp, headers: null }] } }))).toEqual(
    [],
  )
})
