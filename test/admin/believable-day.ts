/** The day of the demo as a file, with the keys of the tests. */
import { type DayOptions, toDemoDay } from '../../sandbox/demo-day.ts'
import { keys } from '../audit/fields.ts'
import { Chain, type Files, toFiles } from '../audit-reader/chains.ts'

const DAY_MINUTES = 24 * 60

export function toBelievableDay({ end, attempts }: Omit<DayOptions, 'keys'>): Files {
  const startMinute = (end - Date.UTC(2026, 10, 22)) / 60_000 - DAY_MINUTES
  const chain = new Chain({ minute: startMinute })
  const start = end - DAY_MINUTES * 60_000
  chain.add('open', {
    time: new Date(start).toISOString(),
    detail: { file: chain.name, key: keys.id, heads: [] },
  })
  for (const { time, fields } of toDemoDay({ end, attempts, keys })) {
    chain.add(fields.event, { ...fields, time: new Date(time).toISOString() })
  }
  return toFiles(chain)
}
