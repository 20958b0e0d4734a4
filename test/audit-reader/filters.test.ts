import { describe, expect, it } from 'vitest'
import { parseAddress, toRecordFilter } from '../../src/audit-reader/filters.ts'
import type { RecordFilter } from '../../src/audit-reader/index-query.ts'
import { Secret } from '../../src/secret.ts'
import { keys } from '../audit/fields.ts'
import { Chain, otherKeys, toFiles } from './chains.ts'
import { listLines, openIndex } from './indexing.ts'

/** How many of one record a filter finds. */
async function count(filter: Partial<RecordFilter>, fields: object, event = 'attempt'): Promise<number> {
  const index = await openIndex(toFiles(new Chain().add(event, fields)))
  return (await listLines(index, { kind: {}, ...filter })).length
}

describe('a filter', () => {
  it.each([
    ['refusals', 1],
    ['config', 0],
  ])('for reasons finds of counts in a record of %s %i', async (event, found) => {
    const counted = { detail: { reasons: { draining: 2 } } }
    expect(await count({ kind: { reason: ['draining'] } }, counted, event)).toBe(found)
  })

  const ada = keys.toPseudonym('caller', 'ada')
  const old = otherKeys.toPseudonym('caller', 'ada')

  it.each<[what: string, asked: string, fields: object, found: number]>([
    ['a caller', 'ada', { caller: ada }, 1],
    ['a caller under any of the keys', 'ada', { caller: old }, 1],
    ['a caller by pseudonym', ada, { caller: ada }, 1],
    ['the start of a pseudonym', ada.slice(0, 8), { caller: ada }, 1],
    ['a caller whose name looks like a pseudonym', old, { caller: keys.toPseudonym('caller', old) }, 1],
    ['a caller in plain text', 'ada "x"\\', { caller: 'ada "x"\\' }, 1],
    ['a caller who is not ASCII', 'jürgen\u007f 日本 😀', { caller: 'jürgen\u007f 日本 😀' }, 1],
    ['not an address', 'ada', { address: ada }, 0],
    ['not another caller', 'bob', { caller: ada }, 0],
    ['not a pseudonym by too short a start', ada.slice(0, 7), { caller: ada }, 0],
  ])('for callers finds %s', async (_what, asked, fields, found) => {
    expect(await count(toRecordFilter({ kind: {}, caller: [asked] }, [keys, otherKeys]), fields)).toBe(found)
  })

  const home = keys.toPseudonym('address', '203.0.113.9')
  const net = keys.toPseudonym('address', '2001:db8:1:2::')
  const countedHome = { detail: { addresses: [{ address: home, count: 2 }] } }

  it.each<[what: string, asked: string, fields: object, found: number, event?: string]>([
    ['an address', '203.0.113.9', { address: home }, 1],
    ['an IPv4-mapped address', '::ffff:203.0.113.9', { address: home }, 1],
    ['an address of the same /64', '2001:DB8:1:2:3::4', { address: net }, 1],
    ['an address in brackets', '[2001:db8:1:2::4]', { address: net }, 1],
    ['an address with a port', '203.0.113.9:52345', { address: home }, 1],
    ['an IPv6 address with a port', '[2001:db8:1:2::4]:443', { address: net }, 1],
    ['a network of 64 bits', '2001:db8:1:2::/64', { address: net }, 1],
    ['an address by pseudonym', home, { address: home }, 1],
    ['an address in plain text', '2001:db8:1:2::4', { address: '2001:db8:1:2::' }, 1],
    ['an address among those counted', '203.0.113.9', countedHome, 1, 'refusals'],
    ['not another /64', '2001:db8:1:3::4', { address: net }, 0],
    ['not an address in another place', home, countedHome, 0, 'config'],
  ])('for addresses finds %s', async (_what, asked, fields, found, event) => {
    expect(await count(toRecordFilter({ kind: {}, address: [asked] }, [keys]), fields, event)).toBe(found)
  })

  const secret = 'ek_0123456789abcdef'
  const fingerprint = new Secret(secret).fingerprint(keys.fingerprint)

  it.each<[what: string, asked: Secret | string, found: number]>([
    ['a secret', new Secret(secret), 1],
    ['the start of a fingerprint', fingerprint.slice(0, 12), 1],
    ['not another secret', new Secret(`${secret}0`), 0],
  ])('for secrets finds %s', async (_what, asked, found) => {
    expect(await count(toRecordFilter({ kind: {}, secret: [asked] }, [keys]), { secret: fingerprint })).toBe(
      found,
    )
  })

  it.each(['', 'localhost', '1.2.3', '203.0.113.9/24', '2001:db8::/32', '203.0.113.9:x'])(
    'takes no address that is none: %j',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )
})
