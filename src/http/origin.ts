import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError } from '../errors.ts'

export interface OriginGuardOptions {
  readonly allowedOrigins: ReadonlySet<string>
  /** Whether requests without an origin pass. Servers and apps send none, and their token identifies them. */
  readonly optional?: boolean
}

const fetchModes: ReadonlySet<string> = new Set(['cors', 'same-origin'])

/** The origin as the audit shows it: a listed one, `other`, or null if there was none. */
export function toKnownOrigin(
  origin: string | undefined,
  allowedOrigins: ReadonlySet<string>,
): string | null {
  if (origin === undefined) return null
  return allowedOrigins.has(origin) ? origin : 'other'
}

/** Passes requests from listed origins, compared as exact strings. CORS headers do not replace this check. */
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
 * Refuses requests that a page can cause without fetch(): a navigation, a script tag, a no-cors request.
 * Clients that send no Fetch Metadata are old browsers or no browsers. For them only the other guards apply.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function checkFetchMetadata(headers: IncomingHttpHeaders): void {
  const mode = headers['sec-fetch-mode']
  const destination = headers['sec-fetch-dest']
  if (mode !== undefined && !fetchModes.has(mode)) throw new ServiceError('fetch_metadata')
  if (destination !== undefined && destination !== 'empty') throw new ServiceError('fetch_metadata')
}
