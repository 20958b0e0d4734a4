import { describe, expect, test } from 'vitest'
import { ServiceError } from '../../src/errors.ts'
import { type PresetCaller, resolvePreset } from '../../src/presets/access.ts'
import { catalogOf, refusalOf } from './support.ts'

const catalog = catalogOf(`presets:
  open: { session: { type: realtime } }
  shop: { session: { type: realtime }, access: { origins: [https://shop.example.com] } }
  paid: { session: { type: realtime }, access: { claims: { plan: [pro, team], seats: [1, 2], staff: [true] } } }
  both: { session: { type: realtime }, access: { origins: [https://shop.example.com], claims: { plan: [pro] } } }
  roles: { session: { type: realtime }, access: { claims: { realm_access.roles: [pro] } } }
  odd: { session: { type: realtime }, access: { claims: { constructor: [x] } } }
`)

const app = 'https://app.example.com'
const shop = 'https://shop.example.com'
const pro = { plan: 'pro', seats: 2, staff: true }

describe('who gets which preset', () => {
  test.each<[string, string | undefined, PresetCaller['claims'], string]>([
    ['open', app, undefined, 'passes'],
    ['open', undefined, {}, 'passes'],
    ['shop', shop, undefined, 'passes'],
    ['shop', app, undefined, 'preset_origin -'],
    ['shop', undefined, undefined, 'preset_origin -'],
    ['paid', app, pro, 'passes'],
    ['paid', undefined, pro, 'passes'],
    ['paid', app, { ...pro, plan: ['free', 'team'] }, 'passes'],
    ['paid', app, { ...pro, plan: 'free' }, 'preset_claims -'],
    ['paid', app, { ...pro, plan: ['free'] }, 'preset_claims -'],
    ['paid', app, { ...pro, plan: [] }, 'preset_claims -'],
    ['paid', app, { ...pro, plan: [['pro']] }, 'preset_claims -'],
    ['paid', app, { ...pro, seats: '2' }, 'preset_claims -'],
    ['paid', app, { ...pro, staff: 'true' }, 'preset_claims -'],
    ['paid', app, { plan: 'pro', seats: 1 }, 'preset_claims -'],
    ['paid', app, {}, 'preset_claims -'],
    ['paid', app, undefined, 'preset_claims -'],
    ['both', shop, { plan: 'pro' }, 'passes'],
    ['both', app, { plan: 'pro' }, 'preset_origin -'],
    ['both', shop, { plan: 'free' }, 'preset_claims -'],
    ['roles', app, { realm_access: { roles: ['user', 'pro'] } }, 'passes'],
    ['roles', app, { realm_access: { roles: 'pro' } }, 'passes'],
    ['roles', app, { 'realm_access.roles': ['pro'] }, 'passes'],
    ['roles', app, { 'realm_access.roles': [], realm_access: { roles: ['pro'] } }, 'preset_claims -'],
    ['roles', app, { realm_access: { roles: ['user'] } }, 'preset_claims -'],
    ['roles', app, { realm_access: 'pro' }, 'preset_claims -'],
    ['roles', app, { realm_access: [{ roles: ['pro'] }] }, 'preset_claims -'],
    ['roles', app, { roles: ['pro'] }, 'preset_claims -'],
    ['odd', app, {}, 'preset_claims -'],
    ['nobody', app, pro, 'preset_unknown -'],
    ['Open', app, pro, 'preset_unknown -'],
    ['__proto__', app, pro, 'preset_unknown -'],
    ['', app, pro, 'preset_unknown -'],
  ])('%s, asked for from %s with claims %j: %s', (name, origin, claims, outcome) => {
    expect(refusalOf(() => resolvePreset(catalog, name, { origin, claims }))).toBe(outcome)
  })
})

test('a caller cannot tell the refusals apart', () => {
  const envelopes = ['nobody', 'shop', 'paid'].map((name) => {
    try {
      resolvePreset(catalog, name, { origin: app, claims: {} })
    } catch (error) {
      if (error instanceof ServiceError) return `${error.status} ${error.toEnvelope('r')}`
    }
    return name
  })
  expect(new Set(envelopes).size).toBe(1)
  expect(envelopes[0]).toContain('404 ')
})

test('the preset is the one that was asked for', () => {
  expect(resolvePreset(catalog, 'shop', { origin: shop, claims: undefined }).name).toBe('shop')
})
