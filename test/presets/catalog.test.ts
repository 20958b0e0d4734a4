import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPresets } from '../../src/presets/load/catalog.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { buildGa, catalogOf, context, fileOf, presetOf, problemsOf } from './support.ts'

const entry = {
  description: 'Answers hotel guests',
  session: { type: 'realtime', model: 'm', instructions: 'Greet {{guest}}.' },
  expires_after_seconds: 120,
  variables: { guest: { max_length: 5, default: 'you' } },
  overrides: { model: ['n'] },
  access: { origins: ['https://app.example.com'], claims: { plan: ['pro', 'team'] } },
  limits: { per_caller: '5/minute', total: '10/second, 1000/hour' },
}

describe('a preset', () => {
  const preset = presetOf(entry)

  it('has what its entry says', () => {
    expect(preset).toMatchObject({
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

  it('has null, nothing or the default for what its entry omits', () => {
    expect(presetOf({ session: {} })).toMatchObject({
      description: null,
      model: null,
      expiresAfterSeconds: 60,
      access: { origins: null, claims: null },
      limits: { perCaller: [], total: [] },
    })
  })

  it('cannot be changed', () => {
    for (const part of [preset, preset.session, preset.limits]) expect(Object.isFrozen(part)).toBe(true)
  })

  it.each(['a', '0', 'a_b-c', 'constructor', 'x'.repeat(64)])('may be called %s', (name) => {
    const { presets } = catalogOf(JSON.stringify({ presets: { [name]: { session: {} } } }))
    expect(presets.get(name)?.name).toBe(name)
  })

  it.each(['A', '-a', '_a', 'a.b', 'ä', 'a b', '', 'x'.repeat(65)])('may not be called %j', (name) => {
    expect(problemsOf(JSON.stringify({ presets: { [name]: { session: {} } } }))).toHaveLength(1)
  })
})

describe('a revision', () => {
  const { revision: ofPreset } = presetOf(entry)
  const { revision: ofCatalog } = catalogOf(fileOf(entry))

  it.each<[what: string, change: object, isSent: boolean]>([
    ['its session', { session: { ...entry.session, model: 'other' } }, true],
    ['its instructions', { session: { ...entry.session, instructions: 'Hail {{guest}}.' } }, true],
    ['its expiry', { expires_after_seconds: 60 }, true],
    ['its description', { description: 'x' }, false],
    ['its rules', { overrides: {} }, false],
    ['its access', { access: {} }, false],
    ['its limits', { limits: {} }, false],
    ['the default of a variable', { variables: { guest: { max_length: 9 } } }, false],
  ])('of a preset follows what is sent, of a catalog everything: %s', (_, change, isSent) => {
    const changed = { ...entry, ...change }
    expect(presetOf(changed).revision !== ofPreset).toBe(isSent)
    expect(catalogOf(fileOf(changed)).revision).not.toBe(ofCatalog)
  })

  it('of a preset is the same after a request', () => {
    const preset = presetOf(entry)
    buildGa(preset, { variables: { guest: 'Ada' }, session: { model: 'n' } })
    expect(preset.revision).toBe(ofPreset)
  })

  it('of a catalog changes with a name', () => {
    expect(catalogOf(JSON.stringify({ presets: { other: entry } })).revision).not.toBe(ofCatalog)
  })

  it('of a catalog does not change with the order of presets, comments or the kind of file', () => {
    const one = catalogOf('{"presets": {"a": {"session": {}}, "b": {"session": {"model": "m"}}}}')
    const other = catalogOf('presets:\n  b: # later\n    session: { model: m }\n  a:\n    session: {}\n')
    expect(other.revision).toBe(one.revision)
  })
})

describe('a file may be', () => {
  const json = '"presets": { "a": { "session": { "type": "realtime" } } }'
  it.each([
    ['YAML', 'presets:\n  a:\n    session:\n      type: realtime\n'],
    ['YAML with a byte order mark', '\uFEFFpresets: { a: { session: { type: realtime } } }'],
    ['JSON indented with tabs', `{\n\t${json}\n}`],
    ['JSON with $schema', `{"$schema": "./presets.schema.json", ${json}}`],
  ])('%s', (_, text) => {
    expect([...catalogOf(text).presets.keys()]).toEqual(['a'])
  })

  it('YAML in which `no` is a word', () => {
    const { presets } = catalogOf('presets: { no: { session: { instructions: no } } }')
    expect(presets.get('no')?.session).toEqual({ type: 'realtime', instructions: 'no' })
  })
})

async function load(bytes: string | Uint8Array) {
  const path = join(await createTemporaryDirectory(), 'presets.yaml')
  await writeFile(path, bytes)
  return loadPresets(path, context)
}

describe('loading a file', () => {
  it('yields its catalog, or its problems', async () => {
    expect(await load(fileOf(entry))).toEqual({ value: catalogOf(fileOf(entry)) })
    const refused = { problems: problemsOf('presets: {}'), warnings: [] }
    expect(await load('presets: {}')).toEqual({ refused })
  })

  it('yields a problem without a place if it cannot be read', async () => {
    const unreadable = { refused: { problems: ['presets.yaml is not in UTF-8'] } }
    expect(await load(new Uint8Array([0x70, 0xff]))).toMatchObject(unreadable)
    const missing = { refused: { problems: ['presets.yaml does not exist'] } }
    expect(await loadPresets('/nowhere/presets.yaml', context)).toMatchObject(missing)
  })
})
