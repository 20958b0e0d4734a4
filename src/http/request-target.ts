/** The URL of a request, before and after routing. */
import type { IncomingMessage } from 'node:http'
import { ServiceError } from '../errors.ts'

/** A path that no route has. */
const NOWHERE = '/-'

export function toPath(url = ''): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/**
 * What the router gets to see. No path of ours needs escapes, and an absolute-form target names a host past the one
 * that a proxy looked at; such requests go nowhere, instead of to what the router would make of them.
 */
export function toRoutableUrl({ url }: { readonly url?: string | undefined }): string {
  return url?.startsWith('/') === true && !/[%#]/.test(toPath(url)) ? url : NOWHERE
}

function isWellFormed(url: string): boolean {
  try {
    decodeURIComponent(toPath(url))
    // A fragment is for browsers to keep to themselves.
    return url.startsWith('/') && !url.includes('#')
  } catch {
    return false
  }
}

/** Refuses a target that is no well-formed path; `originalUrl` is what the router did not get to see. */
export function checkTarget({ originalUrl }: IncomingMessage & { readonly originalUrl?: string }): void {
  if (originalUrl !== undefined && !isWellFormed(originalUrl)) throw new ServiceError('url_malformed')
}
