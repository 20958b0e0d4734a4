import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parsePresets } from '../../src/presets/load/catalog.ts'
import { presetsFile } from '../../src/presets/schema/file.ts'
import { flatEntry } from '../../src/presets/schema/flat.ts'
import { gaSession, requestedSessions } from '../../src/presets/schema/ga.ts'
import { issuesOf } from '../../src/presets/schema/issues.ts'
import { expiresAfter } from '../../src/presets/schema/parts.ts'
import { buildFlat, buildGa, context, presetOf, problemsOf, refusalOf } from './support.ts'

/** Every list and every object with free keys in a schema that has no maximum. */
function findUnbounded(schema: z.ZodType): readonly unknown[] {
  const jsonSchema = z.toJSONSchema(schema, {
    override: ({ zodSchema, jsonSchema: own }) => {
      // The number of keys is counted before the record looks at them.
      if (zodSchema instanceof z.ZodPipe) own.maxProperties = 1
    },
  })
  const unbounded: unknown[] = []
  JSON.stringify(jsonSchema, (_key, node) => {
    const isList = node?.type === 'array' && node.maxItems === undefined
    const isRecord = typeof node?.additionalProperties === 'object' && node.maxProperties === undefined
    if (isList || isRecord) unbounded.push(node)
    return node
  })
  return unbounded
}

const schemas = { presetsFile, gaSession, flatEntry, expiresAfter, ...requestedSessions }

it.each(Object.entries(schemas))(
  'every list and every object with free keys in %s has a maximum',
  (_, schema) => {
    expect(findUnbounded(schema)).toEqual([])
  },
)

describe('a collection that is too large', () => {
  const many = Array.from({ length: 7_000 }, () => ({}))
  const keys = Object.fromEntries(many.map((_, index) => [`k${index}`, {}]))

  it.each([
    [{ tools: many }, 'a list of at most 128 items'],
    [{ include: many }, 'a list of at most 16 items'],
    [
      { tools: [{ type: 'mcp', server_label: 'a', server_url: 'https://a.example', headers: keys }] },
      'an object of at most 128 keys',
    ],
    [{ tools: [{ type: 'function', name: 'f', parameters: keys }] }, 'an object of at most 128 keys'],
  ])('is refused before its items are checked: case %#', (session, expected) => {
    const issues = issuesOf(gaSession, { type: 'realtime', ...session })
    expect(issues.map((issue) => issue.expected)).toEqual([expected])
  })

  it('is refused in a request', () => {
    const preset = presetOf({ session: { type: 'realtime' } })
    expect(refusalOf(() => buildGa(preset, { session: { tools: many } }))).toBe('field_invalid session.tools')
    expect(refusalOf(() => buildFlat(preset, { tools: many }))).toBe('field_invalid tools')
    expect(refusalOf(() => buildGa(preset, { session: keys }))).toBe('field_invalid session')
  })

  it('yields 100 problems at most', () => {
    const tools = Array.from({ length: 128 }, () => ({ type: 'function', name: 5, parameters: 5 }))
    expect(
      problemsOf(JSON.stringify({ presets: { a: { session: { type: 'realtime', tools } } } })),
    ).toHaveLength(100)
  })
})

describe('a presets file', () => {
  it.each([['-eyJ'], ['{{'], ['{{a'], ['bearer '], ['://a:']])(
    'with half a megabyte of %s is read in linear time',
    (part) => {
      // Quadratic time would be a minute, far beyond the timeout of a test.
      const text = part.repeat(500_000 / part.length)
      const file = { presets: { a: { session: { type: 'realtime', instructions: text } } } }
      expect(problemsOf(JSON.stringify(file))).toEqual([])
    },
  )

  it.each([
    ['commas', ','.repeat(60_000), 1],
    ['brackets', '['.repeat(60_000), 1],
    ['levels', `presets: { a: ${'['.repeat(70)}${']'.repeat(70)} }`, 2],
    ['tags', '!a '.repeat(30_000), 1],
    ['keys', `presets:\n${Array.from({ length: 6_000 }, (_, key) => `  a${key}: 1\n`).join('')}`, 1],
    ['aliases', `a: &a [x]\n${'b: [*a, *a]\n'.repeat(2_000)}`, 103],
  ])('with too many %s is refused without a further look', (_, text, maximum) => {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.length).toBeLessThanOrEqual(maximum)
  })

  it('pauses for other work several times for each preset', () => {
    const presets = Array.from({ length: 200 }, (_, index) => [
      `p${index}`,
      { session: { type: 'realtime' } },
    ])
    const slices = parsePresets(JSON.stringify({ presets: Object.fromEntries(presets) }), context)
    let pauses = 0
    let step = slices.next()
    for (; step.done !== true; step = slices.next()) pauses += 1
    expect(step.value).toHaveProperty('value')
    expect(pauses).toBeGreaterThanOrEqual(3 * 200)
  })
})
