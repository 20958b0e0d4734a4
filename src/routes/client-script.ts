/** `/client.js`: the browser client, the only reply that may be cached. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { ROOT } from '../root.ts'

export const CLIENT_SCRIPT_PATH = '/client.js'

const sourceUrl = new URL('src/client/client.js', ROOT)

/** The address has no version in it, so a new version of the service must reach pages soon. */
const CACHE_SECONDS = 600

/** Proxies that compress a reply mark its tag as weak. */
const toTags = (header = ''): readonly string[] =>
  header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))

/** Reads the client once. Pages of listed origins may import it; the CORS hook gives the headers for that. */
export async function clientScriptRoute(app: FastifyInstance): Promise<void> {
  const source = await readFile(sourceUrl)
  const etag = `"${createHash('sha256').update(source).digest('base64url').slice(0, 22)}"`
  const headers = { 'cache-control': `public, max-age=${CACHE_SECONDS}`, etag }

  app.get(CLIENT_SCRIPT_PATH, { exposeHeadRoute: true }, (request, reply) => {
    reply.headers(headers)
    if (toTags(request.headers['if-none-match']).includes(etag)) return reply.code(304).send()
    return reply.type('text/javascript; charset=utf-8').send(source)
  })
}
