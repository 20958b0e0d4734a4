import { describe, expect, it } from 'vitest'
import { ClockCheck, createDateReader, parseHttpDate } from '../src/clock-check.ts'

describe('an HTTP date', () => {
  it.each([
    ['Fri, 27 Nov 2026 20:26:18 GMT', 1_795_811_178_000],
    ['Fri, 27 Nov 1998 20:26:18 GMT', undefined],
    ['Fri, 27 Foo 2026 20:26:18 GMT', undefined],
    ['2026-11-27T20:26:18Z', undefined],
    ['0', undefined],
    [undefined, undefined],
    [['Fri, 27 Nov 2026 20:26:18 GMT'], undefined],
  ])('%j is %s', (header, expected) => {
    expect(parseHttpDate(header)).toBe(expected)
  })

  it('is read again only when it changes', () => {
    const read = createDateReader()
    const headers = ['Fri, 27 Nov 2026 10:00:00 GMT', 'Fri, 27 Nov 2026 10:00:01 GMT', 'soon', undefined]
    const twice = headers.flatMap((header) => [header, header])
    expect(twice.map(read)).toEqual(twice.map(parseHttpDate))
  })
})

function createTestCheck() {
  const clock = { nowMs: 1_000_000_000_000 }
  const changes: number[] = []
  const check = new ClockCheck({ unixNow: () => clock.nowMs, onChange: (seconds) => changes.push(seconds) })
  return { clock, changes, check }
}

describe('the clock check', () => {
  it.each([
    [5_499, []],
    [5_501, [-5]],
    [-4_499, []],
    [-4_501, [5]],
    [120_500, [-120]],
  ])('tells of a clock that is %i ms ahead: %j', (aheadMs, expected) => {
    const { clock, changes, check } = createTestCheck()
    clock.nowMs += aheadMs
    check.observe(1_000_000_000_000)
    expect(changes).toStrictEqual(expected)
  })

  it('tells when a difference begins and when it ends, and keeps the last one', () => {
    const { clock, changes, check } = createTestCheck()
    expect(check.differenceMs).toBeUndefined()
    check.observe(clock.nowMs + 86_400_000)
    check.observe(clock.nowMs + 86_400_000)
    expect(check.differenceMs).toBe(86_400_500)
    check.observe(clock.nowMs)
    check.observe(clock.nowMs)
    expect(changes).toStrictEqual([86_401, 0])
  })
})
