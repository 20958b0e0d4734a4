import { assert, integer, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasPartOfKey } from '../../src/openai/key-parts.ts'

const KEY = 'sk-proj-Zx81mQpL0aKd72TnVw94RbYs36'
const SIGNATURE = 'Qm9zX3NpZ25hdHVyZV9vZl9hX3Rva2VuX3RoYXRfaXNfbG9uZ19lbm91Z2hfMDEyMzQ1Njc4OQ'
const TOKEN = `eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2NvZ25pdGl2ZSJ9.${SIGNATURE}`

describe('a part of the key', () => {
  it('has 12 characters or more, at any position', () => {
    assert(
      property(
        integer({ min: 0, max: KEY.length - 12 }),
        string({ maxLength: 30 }),
        string({ maxLength: 30 }),
        (at, before, after) => {
          expect(hasPartOfKey(KEY, `${before}${KEY.slice(at, at + 12)}${after}`)).toBe(true)
          expect(hasPartOfKey(KEY, `~${KEY.slice(at, at + 11)}~`)).toBe(false)
        },
      ),
    )
  })

  it.each([
    ['the whole token', TOKEN, true],
    ['12 characters of its signature', `ek_${SIGNATURE.slice(20, 32)}`, true],
    ['its header, which every token has', `ek_${TOKEN.slice(0, 36)}`, false],
  ])('of an Entra ID token: %s', (_name, text, expected) => {
    expect(hasPartOfKey(TOKEN, text)).toBe(expected)
  })
})
