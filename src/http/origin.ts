import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from '../errors.ts'

export interface OriginGuardOptions {
  readonly allowedOrigins: ReadonlySet<string>
  /** Whether requests without an origin pass: those of servers and apps, where a token vouches for them. */
  readonly optional?: boolean
}

const fetchModes: ReadonlySet<string> = new Set(['cors', 'same-origin'])

/** What the audit may say of an origin: a listed one, `other`, or null where there was none. */
export function toKnownOrigin(
  origin: string | undefined,
  allowedOrigins: ReadonlySet<string>,
): string | null {
  if (origin === undefined) return null
  return allowedOrigins.has(origin) ? origin : 'other'
}

/** Passes requests of pages of listed origins; exact strings only, and no CORS header ever stands in for it. */
export function createOriginGuard({
  allowedOrigins,
  optional = false,
}: OriginGuardOptions): (headers: IncomingHttpHeaders) => void {
  return ({ origin }) => {
    if (origin === undefined && optional) return
    if (origin === undefined) throw new ServiceError('origin_missing')
    // A header sent twice arrives joined by a comma, and so is never on the list.
    if (!allowedOrigins.has(origin)) throw new ServiceError('origin_unlisted')
  }
}

/**
 * Refuses what a page can cause without asking with fetch(): a navigation, a script tag, a no-cors request.
 * Clients that send no Fetch Metadata are no browsers, or old ones, and are held by the other guards alone.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function checkFetchMetadata(headers: IncomingHttpHeaders): void {
  const mode = headers['sec-fetch-mode']
  const destination = headers['sec-fetch-dest']
  if (mode !== undefined && !fetchModes.has(mode)) throw new ServiceError('fetch_metadata')
  if (destination !== undefined && destination !== 'empty') throw new ServiceError('fetch_metadata')
}
