/** Pauses for tests, with a clock that stands still until the test moves it. */
import { onTestFinished } from 'vitest'
import type { PauseEntry } from '../../src/pauses/pause.ts'
import { PauseFiles } from '../../src/pauses/pause-files.ts'
import { type PauseChange, type PausedFacts, Pauses, type WantedPause } from '../../src/pauses/pauses.ts'
import { SharedPauses } from '../../src/pauses/shared-pauses.ts'
import { RedisConnection } from '../../src/redis/connection.ts'

export const NOW = Date.parse('2026-11-28T02:00:00Z')
export const MINUTE_MS = 60_000

export const everything: WantedPause = {
  scope: 'all',
  value: null,
  forMs: null,
  by: 'command line',
  note: null,
}

export const ofPreset = (value: string, more: Partial<WantedPause> = {}): WantedPause => ({
  ...everything,
  scope: 'preset',
  value,
  ...more,
})

/** An attempt of an anonymous page. */
export const attempted: PausedFacts = {
  preset: { name: 'assistant', revision: '1', model: null },
  origin: 'https://app.example.com',
  caller: null,
  address: '203.0.113.9',
}

export interface Change {
  readonly entry: PauseEntry
  readonly change: PauseChange
}

export interface TestPauses {
  readonly pauses: Pauses
  readonly clock: { nowMs: number }
  /** Newest last. */
  readonly changes: readonly Change[]
  /** The causes, and null for each end. */
  readonly faults: readonly (string | null)[]
}

export function createPauses(
  auditDirectory: string,
  { clock = { nowMs: NOW }, redis }: { clock?: { nowMs: number }; redis?: RedisConnection } = {},
): TestPauses {
  const changes: Change[] = []
  const faults: (string | null)[] = []
  const unixNow = (): number => clock.nowMs
  const pauses = new Pauses({
    files: new PauseFiles({ auditDirectory, unixNow }),
    shared: redis === undefined ? null : new SharedPauses(redis),
    toPseudonym: (kind, value) => `${kind}(${value})`,
    unixNow,
    onChange: (entry, change) => changes.push({ entry, change }),
    onFilesChange: (cause) => faults.push(cause),
  })
  onTestFinished(() => pauses.close())
  return { pauses, clock, changes, faults }
}
