/** Why `explain` refuses a request: what is wrong with what was given, and what to write instead. */
import type { Caller } from '../attempt.ts'
import { diagnoseToken, toKind } from '../auth/token-diagnosis.ts'
import { unixNow } from '../clocks.ts'
import type { Config } from '../config.ts'
import type { PauseEntry } from '../pauses/pause.ts'
import type { Catalog } from '../presets/load/catalog.ts'
import type { Preset } from '../presets/preset.ts'
import { findClaim, hasValue } from '../presets/request/access.ts'
import { meanings } from '../reason-meanings.ts'
import type { Reason } from '../reasons.ts'
import { toHint } from '../suggestion.ts'

/** What is known of a request when it is refused. */
interface Refused {
  readonly config: Config
  readonly catalog: Catalog
  readonly origin?: string | undefined
  readonly token?: string | undefined
  readonly caller: Caller | null
  /** The preset’s name; empty if there is none. */
  readonly name: string
  readonly pause: PauseEntry | undefined
}

/** The origin of a URL, or of a host without its scheme; undefined if the text is neither. */
function toSentOrigin(text: string): string | undefined {
  const [, host] = /^([\w.-]+)(?::\d+)?(?:\/|$)/.exec(text) ?? []
  const scheme = host === 'localhost' || host === '127.0.0.1' ? 'http' : 'https'
  const url = URL.parse(host === undefined ? text : `${scheme}://${text}`)
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : undefined
}

/** What is wrong with the origin; undefined if it is only not on the list. */
function diagnoseOrigin(origin = ''): string | undefined {
  const sent = origin === 'null' ? undefined : toSentOrigin(origin)
  return sent === undefined || sent === origin
    ? undefined
    : `this is not an origin as browsers send it: write ${sent}`
}

/** The claims of the caller that the preset does not accept: their kinds, not their values. */
function diagnoseClaims(preset: Preset | undefined, caller: Caller | null): string | undefined {
  const wrong = [...(preset?.access.claims ?? [])].flatMap(([name, values]) => {
    const claim = findClaim(caller?.claims ?? {}, name)
    if (hasValue(claim, values)) return []
    const kind = toKind(claim)
    return [
      `${name} ${kind === 'a text' ? 'has another value' : `is ${kind}`}, and must be ${[...values].join(' or ')}`,
    ]
  })
  return wrong.join('; ') || undefined
}

function toPauseRule({ scope, until, by }: PauseEntry): string {
  const what = scope === 'all' ? 'all mints are' : `the ${scope} is`
  return `${what} paused by ${by}, ${until === null ? 'without an end' : `until ${new Date(until).toISOString()}`}`
}

/** More than the reason means; undefined if there is no more to say. */
function diagnose(reason: Reason, { config, catalog, origin, token, caller, name }: Refused) {
  if (reason === 'origin_unlisted') return diagnoseOrigin(origin)
  if (reason === 'preset_claims') return diagnoseClaims(catalog.presets.get(name), caller)
  if (!reason.startsWith('token_') || config.callers.mode !== 'jwt') return undefined
  return diagnoseToken(token, reason, { ...config.callers, unixNow }) || undefined
}

/** A word that is near what was given, or the option that gives what is missing. */
function toAdvice(reason: Reason, { config, catalog, origin = '', name }: Refused): string {
  if (reason === 'origin_missing') return ' Give one with --origin.'
  if (reason === 'origin_unlisted') return toHint(origin, [...config.allowedOrigins])
  if (reason === 'preset_missing') return ' Give one with --preset.'
  return reason === 'preset_unknown' ? toHint(name, [...catalog.presets.keys()]) : ''
}

/** Never the token or a part of it. */
export const toRefusalCause = (reason: Reason, refused: Refused): string =>
  (refused.pause && toPauseRule(refused.pause)) ??
  diagnose(reason, refused) ??
  `${reason}: ${meanings[reason]}${toAdvice(reason, refused)}`
