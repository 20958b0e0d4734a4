import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { array, asyncProperty, assert as check, constantFrom, integer, record } from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { Audit } from '../../src/audit/audit.ts'
import { ServiceError } from '../../src/errors.ts'
import { type Reason, reasons } from '../../src/reasons.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { NOON, openTestAudit, recordFailure, recordIssued } from './audits.ts'
import { keys } from './fields.ts'
import { linesIn, type ReadLine } from './writers.ts'

const MINUTE = 60_000

const ofEvent = (lines: readonly ReadLine[], event: string): readonly ReadLine[] =>
  lines.filter((line) => line.event === event)

const refuse = (audit: Audit, reason: Reason, count: number): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => recordFailure(audit, reason)))

const sizeOf = async (directory: string): Promise<number> => {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

const isReason = (name: string): name is Reason => Object.hasOwn(reasons, name)

const serverFailures = Object.keys(reasons)
  .filter(isReason)
  .filter((reason) => new ServiceError(reason).status >= 500)

const addressesIn = ({ detail }: ReadLine): unknown =>
  typeof detail === 'object' && detail !== null && 'addresses' in detail ? detail.addresses : undefined

describe('refusals', () => {
  it('have a record each up to ten of a code and minute, and are counted beyond', async () => {
    const { audit, directory } = await openTestAudit()
    await refuse(audit, 'limit_per_address', 13)
    await refuse(audit, 'preset_unknown', 6)
    await refuse(audit, 'preset_origin', 6)
    await refuse(audit, 'origin_unlisted', 10)
    await audit.close()
    const lines = await linesIn(directory)
    const attempts = ofEvent(lines, 'attempt').map(({ code }) => code)
    expect(attempts.filter((code) => code === 'rate_limited')).toHaveLength(10)
    expect(attempts.filter((code) => code === 'unknown_preset')).toHaveLength(10)
    expect(attempts.filter((code) => code === 'origin_not_allowed')).toHaveLength(10)
    const minute = '2026-11-22T12:00:00.000Z'
    expect(ofEvent(lines, 'refusals')).toMatchObject([
      { code: 'rate_limited', count: 3, detail: { minute, reasons: { limit_per_address: 3 } } },
      { code: 'unknown_preset', count: 2, detail: { minute, reasons: { preset_origin: 2 } } },
    ])
    expect(lines.at(-1)?.event).toBe('close')
  })

  it('of the next minute have a record each again, and the counts of the last minute are written when it ends', async () => {
    const { audit, directory, clock } = await openTestAudit()
    await refuse(audit, 'limit_per_address', 12)
    clock.now += MINUTE
    await vi.waitFor(async () => expect(ofEvent(await linesIn(directory), 'refusals')).toHaveLength(1), {
      timeout: 3_000,
    })
    await refuse(audit, 'limit_per_address', 11)
    await audit.close()
    const lines = await linesIn(directory)
    expect(ofEvent(lines, 'attempt')).toHaveLength(20)
    expect(ofEvent(lines, 'refusals')).toMatchObject([
      { count: 2, detail: { minute: '2026-11-22T12:00:00.000Z' } },
      { count: 1, detail: { minute: '2026-11-22T12:01:00.000Z' } },
    ])
  })

  it.each(serverFailures)('include failures that reached no upstream: %s', async (reason) => {
    const { audit, directory } = await openTestAudit()
    await refuse(audit, reason, 13)
    await audit.close()
    const lines = await linesIn(directory)
    const { code } = new ServiceError(reason)
    expect(ofEvent(lines, 'attempt').map((line) => line['code'])).toStrictEqual(Array(10).fill(code))
    expect(ofEvent(lines, 'refusals')).toMatchObject([
      { code, count: 3, detail: { reasons: { [reason]: 3 } } },
    ])
  })

  it('include no attempt that asked upstream, and none that was issued', async () => {
    const { audit, directory } = await openTestAudit()
    await Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        await recordFailure(audit, 'upstream_deadline', { asked: true })
        await recordIssued(audit, String(number))
      }),
    )
    await audit.close()
    const lines = await linesIn(directory)
    expect(ofEvent(lines, 'attempt')).toHaveLength(60)
    expect(ofEvent(lines, 'refusals')).toHaveLength(0)
  })

  it('name the five addresses that caused most of what they count, as pseudonyms', async () => {
    const { audit, directory } = await openTestAudit()
    await refuse(audit, 'limit_per_address', 10)
    await Promise.all(
      [3, 9, 1, 8, 4, 7, 2].flatMap((count) =>
        Array.from({ length: count }, () =>
          recordFailure(audit, 'limit_per_address', { address: `203.0.113.${count}` }),
        ),
      ),
    )
    await audit.close()
    expect(ofEvent(await linesIn(directory), 'refusals').map(addressesIn)).toStrictEqual([
      [9, 8, 7, 4, 3].map((count) => ({
        address: keys.toPseudonym('address', `203.0.113.${count}`),
        count,
        max_error: 0,
      })),
    ])
  })

  it('by the hundred thousand use little disk, hide no issued secret, and are all counted', async () => {
    const { audit, directory, clock } = await openTestAudit()
    const mixed = [
      'limit_per_address',
      'preset_unknown',
      'preset_origin',
      'body_not_json',
      'origin_unlisted',
    ] as const
    const issued: Promise<void>[] = []
    for (let number = 0; number < 600_000; number += 1) {
      clock.now = NOON + Math.floor(number / 100)
      void recordFailure(audit, mixed[number % mixed.length] ?? 'unexpected')
      if (number % 5_000 === 0) {
        issued.push(recordIssued(audit, `issued ${number}`))
        await issued.at(-1)
      }
    }
    await audit.close()
    const lines = await linesIn(directory)
    const attempts = ofEvent(lines, 'attempt')
    const counted = ofEvent(lines, 'refusals').reduce((sum, { count }) => sum + Number(count), 0)
    expect(attempts.filter(({ outcome }) => outcome === 'issued')).toHaveLength(issued.length)
    expect(attempts.filter(({ outcome }) => outcome === 'refused').length + counted).toBe(600_000)
    expect(await sizeOf(directory)).toBeLessThan(5_000_000)
  }, 60_000)

  it('that come while nothing can be written are counted, and the counts are written later', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock } = await openTestAudit({ directory })
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
    await audit.close()
    const lines = await linesIn(directory)
    expect(ofEvent(lines, 'attempt')).toHaveLength(0)
    expect(ofEvent(lines, 'refusals')).toMatchObject([
      { code: 'rate_limited', count: 37, detail: { minute: '2026-11-22T12:00:00.000Z' } },
      { code: 'origin_not_allowed', count: 3, detail: { minute: '2026-11-22T12:01:00.000Z' } },
    ])
  })

  it('whose counts cannot be written are not lost: the counts are written later', async () => {
    const directory = join(await createTemporaryDirectory(), 'audit')
    const { audit, clock } = await openTestAudit({ directory })
    await refuse(audit, 'limit_per_address', 15)
    await rename(directory, `${directory}.away`)
    clock.now += MINUTE
    // The counts are the first to meet a file that is gone.
    await vi.waitFor(() => expect(audit.available).toBe(false), { timeout: 5_000 })
    clock.now += MINUTE
    await vi.waitFor(() => expect(audit.available).toBe(true), { timeout: 5_000 })
    await audit.close()
    expect(ofEvent(await linesIn(directory), 'refusals')).toMatchObject([{ code: 'rate_limited', count: 5 }])
  })

  it('add up, in any order and at any time', async () => {
    const burst = record({
      reason: constantFrom<Reason[]>(
        'limit_per_address',
        'preset_unknown',
        'preset_origin',
        'header_malformed',
      ),
      count: integer({ min: 1, max: 25 }),
      laterMs: integer({ min: 0, max: 90_000 }),
    })
    await check(
      asyncProperty(array(burst, { maxLength: 12 }), async (bursts) => {
        const { audit, directory, clock } = await openTestAudit()
        await inTurn(bursts, async ({ reason, count, laterMs }) => {
          clock.now += laterMs
          await refuse(audit, reason, count)
        })
        await audit.close()
        const sums = new Map<unknown, number>()
        for (const { event, code, count } of await linesIn(directory)) {
          if (event === 'attempt') sums.set(code, (sums.get(code) ?? 0) + 1)
          if (event === 'refusals') sums.set(code, (sums.get(code) ?? 0) + Number(count))
        }
        const wanted = new Map<unknown, number>()
        for (const { reason, count } of bursts) {
          const { code } = new ServiceError(reason)
          wanted.set(code, (wanted.get(code) ?? 0) + count)
        }
        expect(sums).toStrictEqual(wanted)
      }),
      { numRuns: 30 },
    )
  })
})
