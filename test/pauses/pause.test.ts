import { array, assert, constant, constantFrom, integer, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatEntries, isNote, mergeEntries, type PauseEntry, parseEntries } from '../../src/pauses/pause.ts'
import { NOW } from './pausing.ts'

const entry = record<PauseEntry>({
  scope: constant('preset'),
  value: constantFrom('a', 'b', 'c'),
  state: constantFrom('paused', 'resumed'),
  at: integer({ min: NOW - 5, max: NOW }),
  until: oneof(constant(null), integer({ min: NOW - 5, max: NOW + 5 })),
  by: constantFrom('ADMIN_TOKEN', 'command line'),
  note: constantFrom(null, 'why'),
})

const merge = (...lists: readonly (readonly PauseEntry[])[]): readonly PauseEntry[] => [
  ...mergeEntries(lists, NOW).values(),
]

describe('stores that exchange their pauses', () => {
  it('come to the same state, in whatever order and however often they do', () => {
    assert(
      property(array(entry), array(entry), array(entry), (one, two, three) => {
        const expected = formatEntries(merge(one, two, three))
        expect(formatEntries(merge(three, merge(two, one)))).toBe(expected)
        expect(formatEntries(merge(merge(one, three), merge(two, one), two))).toBe(expected)
      }),
    )
  })

  it('read what they wrote', () => {
    assert(
      property(array(entry), (entries) => {
        expect(formatEntries(parseEntries(formatEntries(entries)) ?? [])).toBe(formatEntries(entries))
      }),
    )
  })

  it('forget no pause in effect, however many ended', () => {
    const forced = { scope: 'all', value: null, state: 'paused', by: 'ADMIN_TOKEN', note: null } as const
    const ended = Array.from({ length: 500 }, (_, count) => ({
      ...forced,
      scope: 'preset' as const,
      value: `p${count}`,
      state: 'resumed' as const,
      at: NOW - count,
      until: null,
    }))
    const kept = merge(ended, [{ ...forced, at: NOW - 9_999, until: null }])
    expect(kept).toHaveLength(101)
    expect(kept).toContainEqual({ ...forced, at: NOW - 9_999, until: null })
    expect(kept.some(({ value }) => value === 'p99')).toBe(true)
  })

  const all = {
    scope: 'all',
    value: null,
    state: 'paused',
    at: 1,
    until: null,
    by: 'ADMIN_TOKEN',
    note: null,
  }
  const toList = (wrong: object): string => JSON.stringify([{ ...all, ...wrong }])

  it.each([
    ['no JSON', '[{'],
    ['no list', '{}'],
    ['an unknown scope', toList({ scope: 'x', value: 'a' })],
    ['a value of all', toList({ value: 'a' })],
    ['no value', toList({ scope: 'preset' })],
    ['an unknown source', toList({ by: 'me' })],
    ['an escape for terminals', toList({ scope: 'preset', value: 'a\u001b[2J' })],
    ['a value of two lines', toList({ scope: 'preset', value: 'a\nall mints' })],
    ['thousands of entries', JSON.stringify(Array.from({ length: 2_000 }, () => all))],
  ])('refuse a list with %s', (_what, text) => {
    expect(parseEntries(toList({}))).toHaveLength(1)
    expect(parseEntries(text)).toBeUndefined()
  })
})

describe('a note', () => {
  it.each([
    ['prose in any language', 'Flut von einem Kunden – siehe Ticket 12, 東京', true],
    ['200 characters', 'x'.repeat(200), true],
    ['201 characters', 'x'.repeat(201), false],
    ['nothing', '', false],
    ['blanks around it', ' x', false],
    ['two lines', 'a\nb', false],
    ['a control character', 'a\u001b[31m', false],
    ['a direction mark', 'a\u202eb', false],
    ['a zero-width character', 'a\u200bb', false],
  ])('with %s', (_what, text, expected) => {
    expect(isNote(text)).toBe(expected)
  })
})
