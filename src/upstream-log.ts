/** What the log says about upstream: each state that makes mints fail, and replies that answer no request. */
import type { Logger } from 'pino'
import type { Conditions } from './conditions.ts'
import type { StrayReason, UpstreamOptions } from './openai/mint.ts'
import { FAILING_CALLS, type State, type StateFacts, toFault } from './openai/states.ts'
import { meanings } from './reason-meanings.ts'
import type { Reason } from './reasons.ts'

const beginTexts: Readonly<Record<State, string>> = {
  key: 'API key refused: every mint fails.',
  credit: 'out of credit: mints fail.',
  preset: 'preset refused by upstream: its mints fail.',
  breaker: 'circuit breaker open: probing once a second',
  failing: `upstream failing: ${FAILING_CALLS} calls in a row failed.`,
  cool_down: 'cool-down: upstream limits requests, and no mint is sent until Retry-After is over',
}

/** Reasons that the text of their state would blame on the wrong thing. */
const beginTextsByReason: ReadonlyMap<Reason, string> = new Map([
  ['upstream_unsupported_country', 'country not supported by upstream: every mint fails.'],
  ['upstream_forbidden', 'access refused by upstream: mints fail.'],
  ['upstream_no_endpoint', 'endpoint not found at upstream: mints fail.'],
  ['upstream_endpoint_retired', 'endpoint retired by upstream: mints fail.'],
])

const endTexts: Readonly<Record<State, string>> = {
  key: 'upstream accepts the API key again',
  credit: 'credit available again',
  preset: 'upstream accepts the preset again',
  breaker: 'circuit breaker closed: upstream answers again',
  failing: 'upstream mints again',
  cool_down: 'cool-down over: upstream mints again',
}

/** Reasons that share a state with another one, and do not end as it does. */
const endTextsByReason: ReadonlyMap<Reason, string> = new Map([
  ['upstream_unsupported_country', 'upstream serves this country again'],
  ['upstream_forbidden', 'upstream grants access again'],
  ['upstream_no_endpoint', 'upstream has the endpoint again'],
  ['upstream_endpoint_retired', 'upstream has the endpoint again'],
])

/** The circuit breaker and a cool-down end on their own, so there is nothing to do. */
const endsAlone = (state: State): boolean => state === 'breaker' || state === 'cool_down'

const toBeginText = (state: State, reason: Reason): string =>
  endsAlone(state)
    ? beginTexts[state]
    : `${beginTextsByReason.get(reason) ?? beginTexts[state]} ${meanings[reason]}`

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
  conditions: Conditions,
): Pick<UpstreamOptions, 'onStateBegin' | 'onStateEnd' | 'onFailure' | 'onStray'> => ({
  onStateBegin: (state, facts) => {
    conditions.begin('upstream', facts.reason, toFault(state, facts.preset))
    logger.error(toFields(facts), toBeginText(state, facts.reason))
  },
  onStateEnd: (state, facts) => {
    conditions.end('upstream', toFault(state, facts.preset))
    logger.warn(
      { reason: facts.reason, preset: facts.preset },
      endTextsByReason.get(facts.reason) ?? endTexts[state],
    )
  },
  onFailure: (reason) => {
    // Any other reason is a bound of ours, or the end of the process.
    if (reason.startsWith('upstream_')) conditions.note('upstream', reason)
  },
  onStray: (reason) => logger.error({ reason }, strayTexts[reason]),
})
