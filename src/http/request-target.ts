/** The URL of a request, before and after routing. */
import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../errors.ts'

type Target = Pick<IncomingMessage, 'url'> & { readonly originalUrl?: string }

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
  return url?.startsWith('/') === true && !url.includes('#') && !toPath(url).includes('%') ? url : NOWHERE
}

function isWellFormed(url = ''): boolean {
  try {
    decodeURIComponent(toPath(url))
    // Browsers never send a fragment.
    return url.startsWith('/') && !url.includes('#')
  } catch {
    return false
  }
}

/** Refuses a target that is not a well-formed path. Only one that the router did not get can be malformed. */
export function checkTarget({ url, originalUrl = url }: Target): void {
  if (originalUrl !== url && !isWellFormed(originalUrl)) throw new ServiceError('url_malformed')
}
