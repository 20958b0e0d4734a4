import type { EventEmitter } from 'node:events'
import { withDeadline } from '../outbound/deadline.ts'
import { createDispatcher } from '../outbound/dispatcher.ts'
import { request } from '../outbound/request.ts'
import type { Reason } from '../reasons.ts'
import { toTransportFailure } from './failures.ts'
import type { UpstreamOptions } from './mint.ts'

/** Why upstream is unreachable; null if anything answers. Sends no key. */
export async function probeUpstream({
  baseUrl: { origin },
  proxy,
  timeoutMs,
}: Pick<UpstreamOptions, 'baseUrl' | 'proxy' | 'timeoutMs'>): Promise<Reason | null> {
  const dispatcher = createDispatcher({ origin, maxConnections: 1, proxy })

  async function ask(signal: EventEmitter): Promise<Reason | null> {
    try {
      const reply = await request(dispatcher, { origin, method: 'HEAD', path: '/', signal })
      reply.discard()
      return null
    } catch (error) {
      return toTransportFailure(error).reason
    }
  }

  const obstacle = await withDeadline<Reason | null>(timeoutMs, ask, () => 'upstream_deadline')
  await dispatcher.destroy()
  return obstacle
}
