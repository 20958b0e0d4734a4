/** How many file descriptors the process may open, and what the settings need of them. */
import { readFile } from 'node:fs/promises'

export interface DescriptorNeeds {
  /** Infinity where the system does not say. */
  readonly limit: number
  readonly maxConcurrentMints: number
}

/** For files, Redis, and health checks. */
const RESERVE = 64

/** One address may open twice as many connections as there are mints, so that it sees `overloaded`, not a reset. */
const MIN_PER_ADDRESS = 512

/** Each connection to upstream can then rest between requests, at up to about 100 mints a second. More cost CPU. */
const ENOUGH_UPSTREAM = 128

/** Linux only; other systems have no such file. */
export async function loadDescriptorLimit(path = '/proc/self/limits'): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const [, limit] = /^Max open files +(\d+)/m.exec(text) ?? []
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit)
}

/** Connections to upstream that are worth opening. */
export const toEnoughUpstream = ({ limit }: Pick<DescriptorNeeds, 'limit'>): number =>
  Math.min(ENOUGH_UPSTREAM, Math.floor(limit / 4))

/** Connections of callers that fit next to those to upstream. */
export function toConnectionBounds({ limit, maxConcurrentMints }: DescriptorNeeds) {
  const upstream = Math.max(maxConcurrentMints, toEnoughUpstream({ limit }))
  return {
    max: Math.max(Math.floor(limit / 2), limit - upstream - RESERVE),
    maxPerAddress: Math.min(Math.floor(limit / 4), Math.max(MIN_PER_ADDRESS, 2 * maxConcurrentMints)),
  }
}

/** Undefined if the limit is high enough for a connection to upstream and one to the caller for each mint. */
export function toDescriptorWarning({ limit, maxConcurrentMints }: DescriptorNeeds): string | undefined {
  const needed = 2 * maxConcurrentMints + RESERVE
  if (limit >= needed) return undefined
  return (
    `the process may open ${limit} files, and MAX_CONCURRENT_MINTS=${maxConcurrentMints} needs ${needed}: ` +
    'raise the limit (ulimit -n, LimitNOFILE=, --ulimit nofile=) or lower MAX_CONCURRENT_MINTS'
  )
}
