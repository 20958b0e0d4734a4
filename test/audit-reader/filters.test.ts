import { describe, expect, it } from 'vitest'
import {
  byAddress,
  byCaller,
  byOutcome,
  byReason,
  byRequestId,
  bySecret,
  byValue,
  closedSets,
  type Filter,
  parseAddress,
  withoutHeartbeats,
} from '../../src/audit-reader/filters.ts'
import { reasons } from '../../src/reasons.ts'
import { Secret } from '../../src/secret.ts'
import { Chain, keys, otherKeys } from './chains.ts'

/** Whether a record with these fields is found, as a query finds it: by a hint in its line, then by its fields. */
function finds({ hints, holds }: Filter, event: string, fields: object): boolean {
  const [line = ''] = new Chain().add(event, fields).lines
  return (hints.length === 0 || hints.some((hint) => line.includes(hint))) && holds(JSON.parse(line))
}

const SECRET = 'ek_0123456789abcdef'
const fingerprint = new Secret(SECRET).fingerprint(keys.fingerprint)
const ada = keys.toPseudonym('caller', 'ada')
const home = keys.toPseudonym('address', '203.0.113.9')
const net = keys.toPseudonym('address', '2001:db8:1:2::')
const old = otherKeys.toPseudonym('caller', 'ada')

describe('a filter', () => {
  it.each<[finds: string, filter: Filter, event: string, fields: object]>([
    ['a code', byValue('code', ['rate_limited', 'internal']), 'attempt', { code: 'internal' }],
    ['the code of counted refusals', byValue('code', ['rate_limited']), 'refusals', { code: 'rate_limited' }],
    ['an event', byValue('event', ['gap']), 'gap', {}],
    ['a preset', byValue('preset', ['one']), 'attempt', { preset: 'one' }],
    ['an origin', byValue('origin', ['https://a.example']), 'attempt', { origin: 'https://a.example' }],
    ['an outcome', byOutcome(['issued']), 'attempt', { outcome: 'issued' }],
    ['refusals that were counted as refused', byOutcome(['refused']), 'refusals', { count: 3 }],
    ['a reason', byReason(['draining']), 'attempt', { reason: 'draining' }],
    [
      'a reason among those counted',
      byReason(['draining']),
      'refusals',
      { detail: { reasons: { draining: 2 } } },
    ],
    ['the beginning of a request id', byRequestId(['0123']), 'attempt', { request_id: '01234567-89ab' }],
    ['a caller', byCaller(['ada'], [keys]), 'attempt', { caller: ada }],
    ['a caller under any of the keys', byCaller(['ada'], [keys, otherKeys]), 'attempt', { caller: old }],
    ['a caller by pseudonym', byCaller([ada], []), 'attempt', { caller: ada }],
    [
      'a caller by the beginning of the pseudonym',
      byCaller([ada.slice(0, 8)], []),
      'attempt',
      { caller: ada },
    ],
    [
      'a caller whose name looks like a pseudonym',
      byCaller([old], [keys]),
      'attempt',
      { caller: keys.toPseudonym('caller', old) },
    ],
    [
      'a caller that stands there in clear',
      byCaller(['ada "x"\\'], [keys]),
      'attempt',
      { caller: 'ada "x"\\' },
    ],
    [
      'a caller in clear who is not written in ASCII',
      byCaller(['jürgen\u007f 日本 😀'], [keys]),
      'attempt',
      { caller: 'jürgen\u007f 日本 😀' },
    ],
    ['an address', byAddress(['203.0.113.9'], [keys]), 'attempt', { address: home }],
    [
      'an address that is mapped into IPv6',
      byAddress(['::ffff:203.0.113.9'], [keys]),
      'attempt',
      { address: home },
    ],
    ['an address of the same /64', byAddress(['2001:DB8:1:2:3::4'], [keys]), 'attempt', { address: net }],
    ['an address in brackets', byAddress(['[2001:db8:1:2::4]'], [keys]), 'attempt', { address: net }],
    ['a network of 64 bits', byAddress(['2001:db8:1:2::/64'], [keys]), 'attempt', { address: net }],
    ['an address by pseudonym', byAddress([home], []), 'attempt', { address: home }],
    [
      'an address that stands there in clear',
      byAddress(['2001:db8:1:2::4'], [keys]),
      'attempt',
      { address: '2001:db8:1:2::' },
    ],
    ['a secret', bySecret([new Secret(SECRET)], [], [keys]), 'attempt', { secret: fingerprint }],
    [
      'a secret by fingerprint',
      bySecret([], [fingerprint.slice(0, 12)], []),
      'attempt',
      { secret: fingerprint },
    ],
    ['what is no heartbeat', withoutHeartbeats, 'attempt', {}],
  ])('finds %s', (_what, filter, event, fields) => {
    expect(finds(filter, event, fields)).toBe(true)
  })

  it.each<[not: string, filter: Filter, event: string, fields: object]>([
    ['another code', byValue('code', ['rate_limited']), 'attempt', { code: 'internal' }],
    ['a code in another place', byValue('code', ['internal']), 'config', { detail: { code: 'internal' } }],
    ['a preset that begins so', byValue('preset', ['one']), 'attempt', { preset: 'one-more' }],
    ['refusals, where issued is asked for', byOutcome(['issued']), 'refusals', {}],
    ['a reason in another place', byReason(['draining']), 'config', { detail: { reasons: { draining: 1 } } }],
    ['a request id with this in its midst', byRequestId(['4567']), 'attempt', { request_id: '01234567' }],
    ['an address where a caller is asked for', byCaller(['ada'], [keys]), 'attempt', { address: ada }],
    ['another caller', byCaller(['bob'], [keys]), 'attempt', { caller: ada }],
    ['a pseudonym of which too little is given', byCaller([ada.slice(0, 7)], []), 'attempt', { caller: ada }],
    ['another /64', byAddress(['2001:db8:1:3::4'], [keys]), 'attempt', { address: net }],
    ['another secret', bySecret([new Secret(`${SECRET}0`)], [], [keys]), 'attempt', { secret: fingerprint }],
    ['a heartbeat', withoutHeartbeats, 'heartbeat', {}],
  ])('does not find %s', (_what, filter, event, fields) => {
    expect(finds(filter, event, fields)).toBe(false)
  })

  it('holds for no record whose fields are of other types', () => {
    const odd = { event: 'refusals', code: 1, caller: ['ada'], detail: { reasons: null } }
    for (const filter of [byValue('code', ['1']), byCaller(['ada'], [keys]), byReason(['draining'])]) {
      expect(filter.holds(odd)).toBe(false)
      expect(filter.holds({ ...odd, detail: null })).toBe(false)
    }
  })
})

it.each(['', 'localhost', '1.2.3', '203.0.113.9/24', '2001:db8::/32', '203.0.113.9:80'])(
  '%j is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined()
  },
)

it('knows every code and every reason that there is', () => {
  expect(closedSets.reason).toStrictEqual(Object.keys(reasons).toSorted())
  expect(closedSets.code).toStrictEqual(expect.arrayContaining(['rate_limited', 'internal']))
  expect(new Set(closedSets.code).size).toBe(closedSets.code.length)
})
