/** What the log says about upstream: each state that makes mints fail, and replies that answer no request. */
import type { Logger } from 'pino'
import type { StrayReason, UpstreamOptions } from './openai/mint.ts'
import type { State, StateFacts } from './openai/states.ts'
import { meanings } from './reason-meanings.ts'

const stateTexts: Readonly<Record<State, readonly [begin: (reason: string) => string, end: string]>> = {
  key: [(reason) => `API key refused: every mint fails. ${reason}`, 'API key accepted again'],
  credit: [(reason) => `out of credit: mints fail. ${reason}`, 'credit available again'],
  preset: [(reason) => `preset refused by upstream: its mints fail. ${reason}`, 'preset accepted again'],
  breaker: [
    () => 'circuit breaker open: probing once a second',
    'circuit breaker closed: upstream answers again',
  ],
  cool_down: [
    () => 'cool-down: upstream limits requests, and no mint is sent until Retry-After is over',
    'cool-down over: upstream mints again',
  ],
}

const strayTexts: Readonly<Record<StrayReason, string>> = {
  unasked: 'upstream sent a reply that no request asked for: dropped. Check the gateway before upstream',
  fixed_secret:
    'upstream sends the same secret again and again: callers share it. Check the gateway before upstream for a cache',
  upstream_repeated_secret:
    'upstream sent the same secret twice: refused. Check the gateway before upstream for repeated or cached replies',
  upstream_other_session:
    'upstream replied with the session of another request: refused. Check the gateway before upstream',
}

const toFields = ({ reason, preset, status, code, param }: StateFacts): object => ({
  reason,
  preset,
  upstream_status: status,
  upstream_code: code,
  upstream_param: param,
})

export const createUpstreamLog = (
  logger: Logger,
): Pick<UpstreamOptions, 'onStateBegin' | 'onStateEnd' | 'onStray'> => ({
  onStateBegin: (state, facts) => logger.error(toFields(facts), stateTexts[state][0](meanings[facts.reason])),
  onStateEnd: (state, { reason, preset }) => logger.warn({ reason, preset }, stateTexts[state][1]),
  onStray: (reason) => logger.error({ reason }, strayTexts[reason]),
})
