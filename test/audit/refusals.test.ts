import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { array, asyncProperty, assert as check, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Audit } from '../../src/audit/audit.ts'
import { FrequentAddresses } from '../../src/audit/frequent-addresses.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Reason } from '../../src/reasons.ts'
import { inTurn } from '../bench/in-turn.ts'
import { allReasons } from '../support/replies.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { NOON, openTestAudit, recordFailure, recordIssued } from './audits.ts'
import { keys } from './fields.ts'
import { linesIn, type ReadLine } from './writers.ts'

const MINUTE = 60_000

const refuse = (audit: Audit, reason: Reason, count: number, address?: string): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => recordFailure(audit, reason, { address })))

/** An audit, and what is in it once it is closed. */
async function start(options?: Parameters<typeof openTestAudit>[0]) {
  const opened = await openTestAudit(options)
  const { audit, directory } = opened
  async function close() {
    await audit.close()
    const lines = await linesIn(directory)
    const ofEvent = (event: string): ReadLine[] => lines.filter((line) => line.event === event)
    return { lines, attempts: ofEvent('attempt'), counts: ofEvent('refusals') }
  }
  return { ...opened, close }
}

const sizeOf = async (directory: string): Promise<number> => {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

const serverFailures = allReasons.filter((reason) => new ServiceError(reason).status >= 500)

const toRow = (count: number) => ({
  address: keys.toPseudonym('address', `203.0.113.${count}`),
  count,
  max_error: 0,
})

const addTo = (sums: Map<unknown, number>, code: unknown, count: unknown) =>
  sums.set(code, (sums.get(code) ?? 0) + Number(count))

const addressesIn = ({ detail }: ReadLine): unknown =>
  typeof detail === 'object' && detail !== null && 'addresses' in detail ? detail.addresses : undefined

describe('refusals', () => {
  it('have a record each up to ten of a code and minute, and are counted beyond', async () => {
    const { audit, close } = await start()
    await refuse(audit, 'limit_per_address', 13)
    await refuse(audit, 'preset_unknown', 6)
    await refuse(audit, 'preset_origin', 6)
    await refuse(audit, 'origin_unlisted', 10)
    const { lines, attempts, counts } = await close()
    const byCode = Map.groupBy(attempts, (line) => line['code'])
    expect([...byCode].map(([code, of]) => [code, of.length])).toStrictEqual([
      ['rate_limited', 10],
      ['unknown_preset', 10],
      ['origin_not_allowed', 10],
    ])
    const minute = '2026-11-22T12:00:00.000Z'
    expect(counts).toMatchObject([
      { code: 'rate_limited', count: 3, detail: { minute, reasons: { limit_per_address: 3 } } },
      { code: 'unknown_preset', count: 2, detail: { minute, reasons: { preset_origin: 2 } } },
    ])
    expect(lines.at(-1)?.event).toBe('close')
  })

  it('of the next minute have a record each again, and the counts of the last minute are written when it ends', async () => {
    const { audit, directory, clock, close } = await start()
    await refuse(audit, 'limit_per_address', 12)
    clock.now += MINUTE
    const isWritten = async () =>
      expect((await linesIn(directory)).at(-1)).toMatchObject({ event: 'refusals' })
    await vi.waitFor(isWritten, { timeout: 3_000 })
    await refuse(audit, 'limit_per_address', 11)
    const { attempts, counts } = await close()
    expect(attempts).toHaveLength(20)
    expect(counts).toMatchObject([
      { count: 2, detail: { minute: '2026-11-22T12:00:00.000Z' } },
      { count: 1, detail: { minute: '2026-11-22T12:01:00.000Z' } },
    ])
  })

  it.each(serverFailures)('include failures that reached no upstream: %s', async (reason) => {
    const { audit, close } = await start()
    await refuse(audit, reason, 13)
    const { attempts, counts } = await close()
    const { code } = new ServiceError(reason)
    expect(attempts.map((line) => line['code'])).toStrictEqual(Array(10).fill(code))
    expect(counts).toMatchObject([{ code, count: 3, detail: { reasons: { [reason]: 3 } } }])
  })

  it('include no attempt that asked upstream, and none that was issued', async () => {
    const { audit, close } = await start()
    await inTurn(Array.from({ length: 30 }).keys(), async (number) => {
      await recordFailure(audit, 'upstream_deadline', { asked: true })
      await recordIssued(audit, String(number))
    })
    expect(await close()).toMatchObject({ attempts: { length: 60 }, counts: { length: 0 } })
  })

  it('name the five addresses that caused most of what they count, as pseudonyms', async () => {
    const { audit, close } = await start()
    await refuse(audit, 'limit_per_address', 10)
    await inTurn([3, 9, 1, 8, 4, 7, 2], (count) =>
      refuse(audit, 'limit_per_address', count, `203.0.113.${count}`),
    )
    const { counts } = await close()
    expect(counts.map(addressesIn)).toStrictEqual([[9, 8, 7, 4, 3].map(toRow)])
  })

  it('by the hundred thousand use little disk, hide no issued secret, and are all counted', async () => {
    const { audit, directory, clock, close } = await start()
    const mixed: Reason[] = [
      'limit_per_address',
      'preset_unknown',
      'preset_origin',
      'body_not_json',
      'origin_unlisted',
    ]
    let issued = 0
    for (let number = 0; number < 600_000; number += 1) {
      clock.now = NOON + Math.floor(number / 100)
      void recordFailure(audit, mixed[number % mixed.length] ?? 'unexpected')
      if (number % 5_000 !== 0) continue
      issued += 1
      await recordIssued(audit, `issued ${number}`)
    }
    const { attempts, counts } = await close()
    const counted = counts.reduce((sum, { count }) => sum + Number(count), 0)
    expect(attempts.filter(({ outcome }) => outcome === 'issued')).toHaveLength(issued)
    expect(attempts.filter(({ outcome }) => outcome === 'refused').length + counted).toBe(600_000)
    expect(await sizeOf(directory)).toBeLessThan(5_000_000)
  }, 60_000)

  it('that come while nothing can be written are counted, and the counts are written later', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock, close } = await start({ directory })
    await rm(directory, { recursive: true })
    await writeFile(directory, 'in the way')
    await refuse(audit, 'limit_per_address', 7)
    expect(audit.available).toBe(false)
    await refuse(audit, 'limit_per_address', 30)
    clock.now += MINUTE
    await refuse(audit, 'origin_missing', 3)
    clock.now += MINUTE
    await rm(directory)
    await vi.waitFor(() => expect(audit.available).toBe(true), { timeout: 5_000 })
    const { attempts, counts } = await close()
    expect(attempts).toHaveLength(0)
    expect(counts).toMatchObject([
      { code: 'rate_limited', count: 37, detail: { minute: '2026-11-22T12:00:00.000Z' } },
      { code: 'origin_not_allowed', count: 3, detail: { minute: '2026-11-22T12:01:00.000Z' } },
    ])
  })

  it('whose counts cannot be written are not lost: the counts are written later', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock, close } = await start({ directory })
    await refuse(audit, 'limit_per_address', 15)
    await rename(directory, `${directory}.away`)
    clock.now += MINUTE
    // The counts are the first to meet a file that is gone.
    await vi.waitFor(() => expect(audit.available).toBe(false), { timeout: 5_000 })
    clock.now += MINUTE
    await vi.waitFor(() => expect(audit.available).toBe(true), { timeout: 5_000 })
    expect((await close()).counts).toMatchObject([{ code: 'rate_limited', count: 5 }])
  })

  it('add up, in any order and at any time', async () => {
    const reasons: Reason[] = ['limit_per_address', 'preset_unknown', 'preset_origin', 'header_malformed']
    const burst = record({
      reason: constantFrom(...reasons),
      count: integer({ min: 1, max: 25 }),
      laterMs: integer({ min: 0, max: 90_000 }),
    })
    await check(
      asyncProperty(array(burst, { maxLength: 12 }), async (bursts) => {
        const { audit, clock, close } = await start()
        const [sums, wanted] = [new Map<unknown, number>(), new Map<unknown, number>()]
        await inTurn(bursts, async ({ reason, count, laterMs }) => {
          clock.now += laterMs
          await refuse(audit, reason, count)
          addTo(wanted, new ServiceError(reason).code, count)
        })
        const { attempts, counts } = await close()
        for (const { code } of attempts) addTo(sums, code, 1)
        for (const { code, count } of counts) addTo(sums, code, count)
        expect(sums).toStrictEqual(wanted)
      }),
      { numRuns: 30 },
    )
  })
})

/** The counters of these addresses. */
function countAll(addresses: Iterable<string>): FrequentAddresses {
  const frequent = new FrequentAddresses()
  for (const address of addresses) frequent.add(address)
  return frequent
}

describe('the counts of addresses', () => {
  it('are exact for up to 64 addresses', () => {
    const ranks = Array.from({ length: 64 }, (_, rank) => ({
      address: String(rank),
      count: 64 - rank,
      maxError: 0,
    }))
    const addresses = ranks.flatMap((rank) => Array<string>(rank.count).fill(rank.address))
    expect(countAll(addresses.toReversed()).top(64)).toStrictEqual(ranks)
  })

  it('show in a flood of 100,000 addresses the one that comes often, and take no more memory than 64', () => {
    const flood = Array.from({ length: 100_000 }, (_, index) =>
      index % 10 === 0 ? ['often', `${index}`] : [`${index}`],
    )
    const frequent = countAll(flood.flat())
    expect(frequent.top(1_000)).toHaveLength(64)
    const [first = { address: '', count: 0, maxError: 0 }] = frequent.top(1)
    expect(first.address).toBe('often')
    expect(first.count).toBeGreaterThanOrEqual(10_000)
    expect(first.count - first.maxError).toBeLessThanOrEqual(10_000)
  })

  it('are never too low, and too high by no more than their error, which is a 64th of all', () => {
    const numbers = array(integer({ min: 0, max: 200 }), { minLength: 300, maxLength: 2_000, size: 'max' })
    check(
      property(numbers, (all) => {
        const exact = Map.groupBy(all, String)
        for (const { address, count: counted, maxError } of countAll(all.map(String)).top(64)) {
          const actual = exact.get(address)?.length ?? 0
          expect(counted).toBeGreaterThanOrEqual(actual)
          expect(counted - maxError).toBeLessThanOrEqual(actual)
          expect(maxError).toBeLessThanOrEqual(all.length / 64)
        }
      }),
    )
  })
})
