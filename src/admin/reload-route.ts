/** `POST /api/reload`: reads presets and API key again, as SIGHUP does. */
import type { FastifyInstance } from 'fastify'
import type { Reloaded } from '../watched-settings.ts'
import type { ReloadReply } from './api-schemas.ts'

export function reloadRoute(app: FastifyInstance, reload: () => Promise<Reloaded>): void {
  app.post('/api/reload', async (): Promise<ReloadReply> => {
    const { presets, apiKey } = await reload()
    return { presets, api_key: apiKey }
  })
}
