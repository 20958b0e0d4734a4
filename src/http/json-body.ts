/** The body parser: one JSON object in UTF-8, or a refusal; nothing in between. */
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'

/** Many times what a request needs, and little enough to read whole. */
export const MAX_BODY_BYTES = 16 * 1024

const mediaTypePattern = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?$/i

export interface BodyHeaders {
  readonly 'content-type'?: string | undefined
  readonly 'content-length'?: string | undefined
  readonly 'content-encoding'?: string | undefined
}

/** What can be refused from the headers alone, before a byte of the body is read. */
export function checkBodyHeaders(headers: BodyHeaders): void {
  const mediaType = headers['content-type']
  const length = Number(headers['content-length'] ?? 0)
  if (mediaType === undefined ? length > 0 : !mediaTypePattern.test(mediaType)) {
    throw new ServiceError('media_type_unsupported')
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ServiceError('media_type_unsupported')
  }
  if (length > MAX_BODY_BYTES) throw new ServiceError('body_too_large')
}

export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The parse error is dropped: it quotes its input. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ServiceError('body_not_json')
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ServiceError('body_not_json')
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const jsonString = /"(?:[^"\\]|\\.)*"/g

/** In well-formed JSON every colon outside a string follows a key. */
const countWrittenKeys = (text: string): number => text.replace(jsonString, '').split(':').length - 1

/** Counts the keys that were kept; without recursion, for 16 KiB can nest 8,000 deep. */
function countKeptKeys(root: JsonObject): number {
  let count = 0
  const pending: unknown[] = [root]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) {
      for (const item of value) pending.push(item)
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) {
        if (key === '__proto__') throw new ServiceError('body_forbidden_key')
        count += 1
        pending.push(value[key])
      }
    }
  }
  return count
}

/**
 * The object in `bytes`; an empty body means `{}`.
 *
 * Refuses duplicate keys, of which JSON.parse would silently keep the last: what a proxy in front checked may have
 * been the first. Throws a ServiceError that keeps nothing of the body.
 */
export function parseJsonBody(bytes: Uint8Array): JsonObject {
  if (bytes.length === 0) return {}
  const text = decode(bytes)
  const body = parseJson(text)
  if (!isObject(body)) throw new ServiceError('body_not_object')
  if (countKeptKeys(body) !== countWrittenKeys(text)) throw new ServiceError('body_duplicate_key')
  return body
}

/** One parser for one media type: Fastify's own take more, and text/plain needs no preflight. */
export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    done(null, parseJsonBody(bytes))
  })
  // Chunks without a media type, of which nobody knows beforehand that there are none.
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    if (bytes.length > 0) throw new ServiceError('media_type_unsupported')
    done(null, {})
  })
}
