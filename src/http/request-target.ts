/** The URL of a request, before and after routing. */
import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../errors.ts'

/** A path without a route. */
const NOWHERE = '/-'

export function toPath(url = ''): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/**
 * The URL for the router. No path of ours has escapes, and an absolute-form target can name another host than the one
 * that a proxy checked. Such requests get a path without a route.
 */
export function toRoutableUrl({ url }: { readonly url?: string | undefined }): string {
  return url?.startsWith('/') === true && !/[%#]/.test(toPath(url)) ? url : NOWHERE
}

function isWellFormed(url: string): boolean {
  try {
    decodeURIComponent(toPath(url))
    // Browsers never send a fragment.
    return url.startsWith('/') && !url.includes('#')
  } catch {
    return false
  }
}

/** Refuses a target that is no well-formed path. `originalUrl` is set if the router got another path. */
export function checkTarget({ originalUrl }: IncomingMessage & { readonly originalUrl?: string }): void {
  if (originalUrl !== undefined && !isWellFormed(originalUrl)) throw new ServiceError('url_malformed')
}
