/** `/openapi.json` of this listener, and `/openapi-public.json` of the public one, which serves none. */
import type { FastifyInstance } from 'fastify'

/** Built on the first request. */
function serve(app: FastifyInstance, path: string, build: () => Promise<object>): void {
  let text: Promise<string> | undefined
  app.get(path, async (_request, reply) => {
    text ??= build().then((document) => JSON.stringify(document))
    return reply.type('application/json; charset=utf-8').send(await text)
  })
}

export function openApiRoutes(app: FastifyInstance): void {
  serve(app, '/openapi.json', async () => (await import('./openapi/admin.ts')).toAdminDocument())
  serve(app, '/openapi-public.json', async () => (await import('./openapi/public.ts')).toPublicDocument())
}
