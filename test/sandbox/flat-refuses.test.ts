/** What the flat endpoint refused because of a value, or of another field. */
import { describe, expect, it } from 'vitest'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'
import { flatRefusals } from './refused.ts'

const sandbox = useSandbox({ api: 'sessions' })
describe('a flat request', () => {
  it.each(flatRefusals)('with %s = %j is refused as %s', async (field, value, code, param = field) => {
    const response = post(sandbox(), nest(field, value), { path: flatPath })
    expect(await refusalOf(response)).toStrictEqual(refused(code, param))
  })
})

describe('a flat body', () => {
  it.each([
    ['[]', 'invalid_type'],
    ['null', 'invalid_type'],
    ['', null],
    ['{', null],
  ])('of %j is refused', async (body, code) => {
    expect(await refusalOf(post(sandbox(), body, { path: flatPath }))).toStrictEqual(refused(code, null))
  })
})
