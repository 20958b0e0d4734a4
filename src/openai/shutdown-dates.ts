/** When upstream shuts down its models, as its own list of models says. */
import type { EventEmitter } from 'node:events'
import { z } from 'zod'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher } from '../outbound/dispatcher.ts'
import { request } from '../outbound/request.ts'
import type { Secret } from '../secret.ts'
import type { UpstreamOptions } from './mint.ts'

/** ISO dates by the model's name. */
export type ShutdownDates = ReadonlyMap<string, string>

export interface ShutdownDatesOptions
  extends Pick<UpstreamOptions, 'baseUrl' | 'auth' | 'proxy' | 'timeoutMs'> {
  readonly apiKey: Secret
}

const modelList = z.object({
  data: z.array(z.object({ id: z.string(), shutdown_date: z.string().nullish() })),
})

function parseDates(text: string): ShutdownDates {
  const { data } = modelList.parse(JSON.parse(text))
  return new Map(
    data.flatMap(({ id, shutdown_date: date }) =>
      date !== undefined && date !== null && /^\d{4}-\d\d-\d\d/.test(date)
        ? [[id, date.slice(0, 10)] as const]
        : [],
    ),
  )
}

/** Empty where the server has no such list, refuses it, or names no dates. Never rejects. */
export async function fetchShutdownDates(options: ShutdownDatesOptions): Promise<ShutdownDates> {
  const { baseUrl, auth, apiKey, proxy, timeoutMs } = options
  const { origin, pathname } = baseUrl
  const dispatcher = createDispatcher({ origin, maxConnections: 1, proxy })
  const headers =
    auth === 'bearer' ? { authorization: `Bearer ${apiKey.reveal()}` } : { 'api-key': apiKey.reveal() }

  async function ask(signal: EventEmitter): Promise<ShutdownDates> {
    try {
      const path = `${pathname.replace(/\/$/, '')}/models`
      const reply = await request(dispatcher, { origin, method: 'GET', path, headers, signal })
      const text = await reply.text()
      return reply.statusCode === 200 ? parseDates(text) : new Map()
    } catch {
      return new Map()
    }
  }

  const dates = await withDeadline<ShutdownDates>(timeoutMs, ask, () => new Map())
  await dispatcher.destroy()
  return dates
}
