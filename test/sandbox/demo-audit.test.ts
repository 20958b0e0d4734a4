// The day that the demo's audit begins with.
import { readdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { addDemoDay } from '../../sandbox/demo-audit.ts'
import { toDemoDay } from '../../sandbox/demo-day.ts'
import { deriveAuditKeys, loadAuditKey } from '../../src/audit/keys.ts'
import { verifyAudit } from '../../src/audit-reader/verify.ts'
import { keys } from '../audit/fields.ts'
import { createTemporaryDirectory, parseRecords, readAudit } from '../support/service.ts'

const HOUR_MS = 3_600_000

const readTimes = async (directory: string): Promise<number[]> =>
  parseRecords(await readAudit(directory)).map(({ time }) => Date.parse(String(time)))

it('has hundreds of records up to now, and verifies', async () => {
  const directory = await createTemporaryDirectory()
  const now = Date.now()
  await addDemoDay(directory, now)
  const { key } = await loadAuditKey(directory)
  const { verdict, findings } = await verifyAudit({ directory, keys: [deriveAuditKeys(key)], anchors: [] })
  expect({ verdict, findings }).toStrictEqual({ verdict: 'whole', findings: [] })
  const times = await readTimes(directory)
  expect(times.length).toBeGreaterThan(400)
  expect(times).toStrictEqual(times.toSorted((one, other) => one - other))
  expect(times.at(-1)).toBeLessThanOrEqual(now)
  expect(times.at(-1)).toBeGreaterThan(now - HOUR_MS / 2)
})

it('continues a demo of the last hour as it is, and an older one up to now', async () => {
  const directory = await createTemporaryDirectory()
  const now = Date.now()
  await addDemoDay(directory, now)
  const files = await readdir(directory)
  await addDemoDay(directory, now + HOUR_MS / 2)
  expect(await readdir(directory)).toStrictEqual(files)
  const before = new Set(await readTimes(directory))
  await addDemoDay(directory, now + 3 * HOUR_MS)
  const added = (await readTimes(directory)).filter((time) => !before.has(time))
  expect(added.length).toBeGreaterThan(10)
  expect(Math.min(...added)).toBeGreaterThan(now - 2_000)
})

it('is the same in each run', () => {
  const options = { end: Date.UTC(2026, 10, 22, 12), attempts: 50, keys }
  expect(toDemoDay(options)).toStrictEqual(toDemoDay(options))
})
