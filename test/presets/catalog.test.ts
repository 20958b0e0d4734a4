import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadPresets, type ParseResult } from '../../src/presets/catalog.ts'
import { catalogOf, fileOf, orderGa, presetOf, problemsOf, surroundings } from './support.ts'

const entry = {
  description: 'Answers hotel guests',
  session: { type: 'realtime', model: 'm', instructions: 'Greet {{guest}}.' },
  expires_after_seconds: 120,
  variables: { guest: { max_length: 5, default: 'you' } },
  overrides: { model: ['n'] },
  access: { origins: ['https://app.example.com'], claims: { plan: ['pro', 'team'] } },
  limits: { per_caller: '5/minute', total: '10/second, 1000/hour' },
}

test('a preset says what its entry says', () => {
  expect(presetOf(entry)).toMatchObject({
    name: 'only',
    description: 'Answers hotel guests',
    endpoint: 'client_secrets',
    model: 'm',
    expiresAfterSeconds: 120,
    access: {
      origins: new Set(['https://app.example.com']),
      claims: new Map([['plan', new Set(['pro', 'team'])]]),
    },
    limits: {
      perCaller: [{ limit: 5, windowMs: 60_000 }],
      total: [
        { limit: 10, windowMs: 1_000 },
        { limit: 1_000, windowMs: 3_600_000 },
      ],
    },
  })
})

test('what an entry leaves out is null, empty or the default', () => {
  expect(presetOf({ session: {} })).toMatchObject({
    description: null,
    model: null,
    expiresAfterSeconds: 60,
    access: { origins: null, claims: null },
    limits: { perCaller: [], total: [] },
  })
})

test('a preset cannot be changed', () => {
  const preset = presetOf(entry)
  expect(Object.isFrozen(preset)).toBe(true)
  expect(Object.isFrozen(preset.session)).toBe(true)
  expect(Object.isFrozen(preset.limits)).toBe(true)
})

describe('the revision of a preset', () => {
  const { revision } = presetOf(entry)
  test('is 16 hex digits', () => expect(revision).toMatch(/^[0-9a-f]{16}$/))

  test.each<[string, object]>([
    ['its session', { session: { ...entry.session, model: 'other' } }],
    ['its instructions', { session: { ...entry.session, instructions: 'Hail {{guest}}.' } }],
    ['its expiry', { expires_after_seconds: 60 }],
  ])('changes with %s', (_, change) => {
    expect(presetOf({ ...entry, ...change }).revision).not.toBe(revision)
  })

  test.each<[string, object]>([
    ['its description', { description: 'x' }],
    ['its rules', { overrides: {} }],
    ['its access', { access: {} }],
    ['its limits', { limits: {} }],
    ['the default of a variable', { variables: { guest: { max_length: 9 } } }],
  ])('does not change with %s', (_, change) => {
    expect(presetOf({ ...entry, ...change }).revision).toBe(revision)
  })

  test('is the same for every request', () => {
    const preset = presetOf(entry)
    orderGa(preset, { variables: { guest: 'Ada' }, session: { model: 'n' } })
    expect(preset.revision).toBe(revision)
  })
})

describe('the revision of a catalog', () => {
  const { revision } = catalogOf(fileOf(entry))
  test('is 16 hex digits', () => expect(revision).toMatch(/^[0-9a-f]{16}$/))

  test.each<[string, object]>([
    ['a session', { session: { type: 'realtime' }, variables: {} }],
    ['a rule', { overrides: {} }],
    ['who has access', { access: {} }],
    ['a limit', { limits: {} }],
  ])('changes with %s', (_, change) => {
    expect(catalogOf(fileOf({ ...entry, ...change })).revision).not.toBe(revision)
  })

  test('changes with a name', () => {
    expect(catalogOf(JSON.stringify({ presets: { other: entry } })).revision).not.toBe(revision)
  })

  test('does not change with the order of presets, comments or the kind of file', () => {
    const one = catalogOf('{"presets": {"a": {"session": {}}, "b": {"session": {"model": "m"}}}}')
    const other = catalogOf('presets:\n  b: # later\n    session: { model: m }\n  a:\n    session: {}\n')
    expect(other.revision).toBe(one.revision)
  })
})

describe('a file may be', () => {
  test.each([
    ['YAML', 'presets:\n  a:\n    session:\n      type: realtime\n'],
    ['YAML with a byte order mark', '\uFEFFpresets: { a: { session: { type: realtime } } }'],
    ['JSON indented with tabs', '{\n\t"presets": {\n\t\t"a": { "session": { "type": "realtime" } }\n\t}\n}'],
    [
      'JSON with $schema',
      '{"$schema": "./presets.schema.json", "presets": {"a": {"session": {"type": "realtime"}}}}',
    ],
  ])('%s', (_, text) => {
    expect([...catalogOf(text).presets.keys()]).toEqual(['a'])
  })

  test('YAML in which words are words', () => {
    const { presets } = catalogOf('presets: { no: { session: { instructions: no } } }')
    expect(presets.get('no')?.session).toEqual({ type: 'realtime', instructions: 'no' })
  })
})

describe('a preset’s name', () => {
  test.each(['a', '0', 'a_b-c', 'constructor', 'x'.repeat(64)])('may be %s', (name) => {
    const { presets } = catalogOf(JSON.stringify({ presets: { [name]: { session: {} } } }))
    expect(presets.get(name)?.name).toBe(name)
  })

  test.each(['A', '-a', '_a', 'a.b', 'ä', 'a b', '', 'x'.repeat(65)])('may not be %j', (name) => {
    expect(problemsOf(JSON.stringify({ presets: { [name]: { session: {} } } }))).toHaveLength(1)
  })
})

async function load(bytes: string | Uint8Array): Promise<ParseResult> {
  const directory = await mkdtemp(join(tmpdir(), 'presets-'))
  try {
    await writeFile(join(directory, 'presets.yaml'), bytes)
    return await loadPresets(join(directory, 'presets.yaml'), surroundings)
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('a file', () => {
  test('is read', async () => {
    expect(await load(fileOf(entry))).toEqual({ catalog: catalogOf(fileOf(entry)) })
  })

  test('that is wrong has problems', async () => {
    expect(await load('presets: {}')).toEqual({ problems: problemsOf('presets: {}'), warnings: [] })
  })

  test('that is not in UTF-8 is a problem', async () => {
    expect(await load(new Uint8Array([0x70, 0xff]))).toMatchObject({
      problems: [{ path: '', line: 0, column: 0, text: 'presets.yaml is not in UTF-8' }],
    })
  })

  test.each([
    ['/nowhere/presets.yaml', 'presets.yaml does not exist'],
    ['/dev/zero', 'presets.yaml is a pipe, a device or a socket, not a regular file'],
    [
      '/',
      'presets.yaml is a directory, not a file. Docker Compose creates a directory where a mounted file is missing',
    ],
  ])('that cannot be read is a problem: %s', async (path, text) => {
    expect(await loadPresets(path, surroundings)).toMatchObject({ problems: [{ text }] })
  })
})
