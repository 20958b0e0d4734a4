import { expect, it } from 'vitest'
import { Conditions } from '../src/conditions.ts'

function createConditions() {
  const clock = { nowMs: 1_000 }
  const conditions = new Conditions(() => clock.nowMs)
  return {
    conditions,
    pass: (ms: number) => {
      clock.nowMs += ms
    },
  }
}

it('a part works from the start, and has no error yet', () => {
  const { conditions, pass } = createConditions()
  pass(500)
  expect(conditions.of('redis')).toStrictEqual({ state: 'ok', sinceMs: 1_000, lastError: null })
})

it('a failure shows since when it lasts, with its newest cause', () => {
  const { conditions, pass } = createConditions()
  pass(1)
  conditions.begin('redis', 'unreachable')
  pass(1)
  conditions.begin('redis', 'timeout')
  const lastError = { cause: 'timeout', atMs: 1_002 }
  expect(conditions.of('redis')).toStrictEqual({ state: 'failing', sinceMs: 1_001, lastError })
  expect(conditions.of('audit')).toMatchObject({ state: 'ok' })
})

it('the last error stays known after the end of a failure', () => {
  const { conditions, pass } = createConditions()
  conditions.begin('audit', 'ENOSPC')
  pass(5)
  expect(conditions.end('audit')).toBe(true)
  const lastError = { cause: 'ENOSPC', atMs: 1_000 }
  expect(conditions.of('audit')).toStrictEqual({ state: 'ok', sinceMs: 1_005, lastError })
  expect(conditions.end('audit')).toBe(false)
})

it('a part with several faults works again after the end of the last one', () => {
  const { conditions } = createConditions()
  conditions.begin('upstream', 'upstream_refused', 'preset a')
  conditions.begin('upstream', 'upstream_refused', 'preset b')
  expect(conditions.end('upstream', 'preset a')).toBe(false)
  expect(conditions.of('upstream')).toMatchObject({ state: 'failing' })
  expect(conditions.end('upstream', 'preset b')).toBe(true)
  expect(conditions.of('upstream')).toMatchObject({ state: 'ok' })
})
