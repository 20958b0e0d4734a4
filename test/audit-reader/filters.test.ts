import { describe, expect, it } from 'vitest'
import { parseAddress, toAddressMatch, toCallerMatch, toSecretMatch } from '../../src/audit-reader/filters.ts'
import type { RecordFilter } from '../../src/audit-reader/index-select.ts'
import { Secret } from '../../src/secret.ts'
import { keys } from '../audit/fields.ts'
import { Chain, otherKeys, toFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'

async function finds(filter: Partial<RecordFilter>, event: string, fields: object): Promise<boolean> {
  const index = await openIndex(toFiles(new Chain().add(event, fields)))
  return (await listLines(index, { kind: {}, ...filter })).length === 1
}

const SECRET = 'ek_0123456789abcdef'
const fingerprint = new Secret(SECRET).fingerprint(keys.fingerprint)
const ada = keys.toPseudonym('caller', 'ada')
const home = keys.toPseudonym('address', '203.0.113.9')
const net = keys.toPseudonym('address', '2001:db8:1:2::')
const old = otherKeys.toPseudonym('caller', 'ada')

const counted = { detail: { reasons: { draining: 2 }, addresses: [{ address: home, count: 2 }] } }

describe('a filter', () => {
  it.each<[finds: string, filter: Partial<RecordFilter>, event: string, fields: object]>([
    ['any of its values', { kind: { code: ['rate_limited', 'internal'] } }, 'attempt', { code: 'internal' }],
    [
      'the code of counted refusals',
      { kind: { code: ['rate_limited'] } },
      'refusals',
      { code: 'rate_limited' },
    ],
    ['an event', { kind: { event: ['gap'] } }, 'gap', {}],
    ['a status', { kind: { status: [429] } }, 'attempt', { status: 429 }],
    ['a model', { kind: { model: ['m'] } }, 'attempt', { model: 'm' }],
    ['an upstream status', { kind: { upstream_status: [500] } }, 'attempt', { upstream: { status: 500 } }],
    ['counted refusals as refused', { kind: { outcome: ['refused'] } }, 'refusals', { count: 3 }],
    ['a reason among those counted', { kind: { reason: ['draining'] } }, 'refusals', counted],
    [
      'an address among those counted',
      { address: toAddressMatch(['203.0.113.9'], [keys]) },
      'refusals',
      counted,
    ],
    ['a caller', { caller: toCallerMatch(['ada'], [keys]) }, 'attempt', { caller: ada }],
    [
      'a caller under any of the keys',
      { caller: toCallerMatch(['ada'], [keys, otherKeys]) },
      'attempt',
      { caller: old },
    ],
    ['a caller by pseudonym', { caller: toCallerMatch([ada], []) }, 'attempt', { caller: ada }],
    [
      'the start of a pseudonym',
      { caller: toCallerMatch([ada.slice(0, 8)], []) },
      'attempt',
      { caller: ada },
    ],
    [
      'a caller whose name looks like a pseudonym',
      { caller: toCallerMatch([old], [keys]) },
      'attempt',
      { caller: keys.toPseudonym('caller', old) },
    ],
    [
      'a caller in plain text',
      { caller: toCallerMatch(['ada "x"\\'], [keys]) },
      'attempt',
      { caller: 'ada "x"\\' },
    ],
    [
      'a caller in plain text that is not ASCII',
      { caller: toCallerMatch(['jürgen\u007f 日本 😀'], [keys]) },
      'attempt',
      { caller: 'jürgen\u007f 日本 😀' },
    ],
    ['an address', { address: toAddressMatch(['203.0.113.9'], [keys]) }, 'attempt', { address: home }],
    [
      'an IPv4-mapped address',
      { address: toAddressMatch(['::ffff:203.0.113.9'], [keys]) },
      'attempt',
      { address: home },
    ],
    [
      'an address of the same /64',
      { address: toAddressMatch(['2001:DB8:1:2:3::4'], [keys]) },
      'attempt',
      { address: net },
    ],
    [
      'an address in brackets',
      { address: toAddressMatch(['[2001:db8:1:2::4]'], [keys]) },
      'attempt',
      { address: net },
    ],
    [
      'a network of 64 bits',
      { address: toAddressMatch(['2001:db8:1:2::/64'], [keys]) },
      'attempt',
      { address: net },
    ],
    ['an address by pseudonym', { address: toAddressMatch([home], []) }, 'attempt', { address: home }],
    [
      'an address in plain text',
      { address: toAddressMatch(['2001:db8:1:2::4'], [keys]) },
      'attempt',
      { address: '2001:db8:1:2::' },
    ],
    [
      'a secret',
      { secret: toSecretMatch([new Secret(SECRET)], [], [keys]) },
      'attempt',
      { secret: fingerprint },
    ],
    [
      'the start of a fingerprint',
      { secret: toSecretMatch([], [fingerprint.slice(0, 12)], []) },
      'attempt',
      { secret: fingerprint },
    ],
    ['other events than those left out', { exceptEvents: ['heartbeat'] }, 'attempt', {}],
  ])('finds %s', async (_what, filter, event, fields) => {
    expect(await finds(filter, event, fields)).toBe(true)
  })

  it.each<[not: string, filter: Partial<RecordFilter>, event: string, fields: object]>([
    ['another code', { kind: { code: ['rate_limited'] } }, 'attempt', { code: 'internal' }],
    ['a code in another place', { kind: { code: ['internal'] } }, 'config', { detail: { code: 'internal' } }],
    ['a preset that starts with it', { kind: { preset: ['one'] } }, 'attempt', { preset: 'one-more' }],
    ['counted refusals as issued', { kind: { outcome: ['issued'] } }, 'refusals', {}],
    ['a reason in another place', { kind: { reason: ['draining'] } }, 'config', counted],
    ['an address in another place', { address: toAddressMatch([home], []) }, 'config', counted],
    ['a caller by an address', { caller: toCallerMatch(['ada'], [keys]) }, 'attempt', { address: ada }],
    ['another caller', { caller: toCallerMatch(['bob'], [keys]) }, 'attempt', { caller: ada }],
    [
      'a pseudonym by too short a start',
      { caller: toCallerMatch([ada.slice(0, 7)], []) },
      'attempt',
      { caller: ada },
    ],
    ['another /64', { address: toAddressMatch(['2001:db8:1:3::4'], [keys]) }, 'attempt', { address: net }],
    [
      'another secret',
      { secret: toSecretMatch([new Secret(`${SECRET}0`)], [], [keys]) },
      'attempt',
      { secret: fingerprint },
    ],
    ['an event that is left out', { exceptEvents: ['heartbeat'] }, 'heartbeat', {}],
    ['a value of another type', { kind: { code: ['1'] } }, 'attempt', { code: 1 }],
  ])('does not find %s', async (_what, filter, event, fields) => {
    expect(await finds(filter, event, fields)).toBe(false)
  })
})

it.each(['', 'localhost', '1.2.3', '203.0.113.9/24', '2001:db8::/32', '203.0.113.9:80'])(
  '%j is not an address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined()
  },
)
