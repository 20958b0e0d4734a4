import { describe, expect, it } from 'vitest'
import { type PresetCaller, resolvePreset } from '../../src/presets/request/access.ts'
import { catalogOf, refusalOf } from './support.ts'

const catalog = catalogOf(`presets:
  open: { session: { type: realtime } }
  shop: { session: { type: realtime }, access: { origins: [https://shop.example.com] } }
  paid: { session: { type: realtime }, access: { claims: { plan: [pro, team], seats: [1, 2], staff: [true] } } }
  both: { session: { type: realtime }, access: { origins: [https://shop.example.com], claims: { plan: [pro] } } }
  roles: { session: { type: realtime }, access: { claims: { realm_access.roles: [pro] } } }
`)

const app = 'https://app.example.com'
const shop = 'https://shop.example.com'
const pro = { plan: 'pro', seats: 2, staff: true }

const denied = { origin: 'preset_origin -', claims: 'preset_claims -', name: 'preset_unknown -' }

describe('access to a preset', () => {
  it.each<
    [name: string, origin: string | undefined, claims: PresetCaller['claims'], denial?: keyof typeof denied]
  >([
    ['open', app, undefined],
    ['open', undefined, {}],
    ['shop', shop, undefined],
    ['shop', app, undefined, 'origin'],
    ['shop', undefined, undefined, 'origin'],
    ['paid', app, pro],
    ['paid', app, { ...pro, plan: ['free', 'team'] }],
    ['paid', app, { ...pro, plan: 'free' }, 'claims'],
    ['paid', app, { ...pro, plan: ['free'] }, 'claims'],
    ['paid', app, { ...pro, plan: [['pro']] }, 'claims'],
    ['paid', app, { ...pro, seats: '2' }, 'claims'],
    ['paid', app, { plan: 'pro', seats: 1 }, 'claims'],
    ['paid', app, {}, 'claims'],
    ['paid', app, undefined, 'claims'],
    ['both', shop, { plan: 'pro' }],
    ['both', app, { plan: 'pro' }, 'origin'],
    ['both', shop, { plan: 'free' }, 'claims'],
    ['roles', app, { realm_access: { roles: ['user', 'pro'] } }],
    ['roles', app, { 'realm_access.roles': ['pro'] }],
    ['roles', app, { 'realm_access.roles': null, realm_access: { roles: ['pro'] } }, 'claims'],
    ['roles', app, { realm_access: 'pro' }, 'claims'],
    ['roles', app, { realm_access: [{ roles: ['pro'] }] }, 'claims'],
    ['roles', app, { roles: ['pro'] }, 'claims'],
    ['absent', app, pro, 'name'],
    ['Open', app, pro, 'name'],
    ['__proto__', app, pro, 'name'],
    ['', app, pro, 'name'],
  ])('%s, from %s, with claims %j', (name, origin, claims, denial) => {
    let found: string | undefined
    const outcome = refusalOf(() => {
      found = resolvePreset(catalog.presets, name, { origin, claims }).name
    })
    expect(found ?? outcome).toBe(denial === undefined ? name : denied[denial])
  })
})
