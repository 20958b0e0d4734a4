/** The body parser: accepts one JSON object in UTF-8 and refuses everything else. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ServiceError } from '../errors.ts'
import { type JsonObject, parseJsonObject } from '../json.ts'

/** Many times the size of a usual request, and small enough to keep in memory. */
export const MAX_BODY_BYTES = 16 * 1024

const mediaTypePattern = /^application\/json(?:\s*;\s*charset=(?:utf-8|"utf-8"))?$/i

/** Refuses what the headers alone show, before the body is read. */
export function checkBodyHeaders(headers: IncomingHttpHeaders): void {
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

/** The object in `bytes`; an empty body means `{}`. Throws a ServiceError that keeps nothing of the body. */
export function parseJsonBody(bytes: Uint8Array): JsonObject {
  const body = bytes.length === 0 ? {} : parseJsonObject(bytes)
  if (typeof body === 'string') throw new ServiceError(`body_${body}`)
  return body
}

/** One parser for one media type. Fastify's own parsers accept text/plain, which needs no preflight. */
export function takeJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    done(null, parseJsonBody(bytes))
  })
  // A chunked body without a media type may still turn out to be empty.
  app.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    if (bytes.length > 0) throw new ServiceError('media_type_unsupported')
    done(null, {})
  })
}
