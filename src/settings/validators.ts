/** Settings that are not URLs: from the operator's text to a value, or a sentence that says what to write. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { isRange } from '../address-ranges.ts'
import { parseRules } from '../limits/rules.ts'
import { Secret } from '../secret.ts'
import { listOf } from './text.ts'

/** No page has a URL with one of these schemes, so no browser sends one as an origin. */
const otherSchemes = /^(?:wss?|ftp|file|data|blob|javascript|mailto):/i

/** What is wrong with an entry of ALLOWED_ORIGINS, as the predicate of a sentence; undefined where nothing is. */
function toOriginProblem(entry: string): string | undefined {
  if (entry.includes('*'))
    return 'has a wildcard. List each origin, because a wildcard would let in foreign pages'
  if (/[\s;|]/.test(entry)) return 'is more than one origin. Origins are separated by commas'
  if (entry === 'null') return undefined
  if (/^[\w.-]+(?::\d+)?(?:\/|$)/.test(entry))
    return 'has no scheme. Write https:// before it, or http:// for localhost'
  const url = URL.parse(entry)
  if (url === null || otherSchemes.test(entry)) return 'is not an origin such as https://app.example.com'
  if (/^https?:$/.test(url.protocol)) {
    return url.origin === entry ? undefined : `is not in canonical form. Write ${url.origin}`
  }
  // An app, such as capacitor://localhost. URL has no canonical form for it: it is compared as written.
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\]+$/.test(entry)
    ? undefined
    : 'is not the origin of an app, such as capacitor://localhost'
}

export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`)

export const origins = listOf((entry) => (entry === '' ? undefined : toOriginProblem(entry))).transform(
  (entries, context) => {
    const list = entries.filter((entry) => entry !== '')
    if (list.length === 0) context.addIssue('is empty. List the origins of your pages')
    return new Set(list)
  },
)

/** The audiences of tokens. */
export const audienceList = listOf((entry) =>
  entry === '' ? 'is empty. Separate audiences by commas' : undefined,
)

const hostName = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])$/

export const hostNames = listOf((entry) =>
  hostName.test(entry) ? undefined : 'is not an exact host name in lower case, without scheme and port',
)

/** Where to listen. */
export const listenHost = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(text),
    'must be an address or a host name without scheme and port, such as 0.0.0.0',
  )

const PROXY_ADVICE =
  'is not the address or CIDR of a proxy, such as 10.0.0.5 or fd00::/64. true and hop counts would believe whatever a caller writes into X-Forwarded-For'

/** What is wrong with an entry of TRUST_PROXY, as the predicate of a sentence; undefined where nothing is. */
function toProxyProblem(entry: string): string | undefined {
  if (entry === '' || isIP(entry) !== 0) return undefined
  const [, address = '', prefix = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(entry) ?? []
  if (isIP(address) === 0) return PROXY_ADVICE
  if (Number(prefix) === 0)
    return 'covers every address, so any caller could spoof its address. List only your proxies'
  return isRange(entry)
    ? undefined
    : 'has a prefix length that does not exist. Write at most /32 for IPv4, and /128 for IPv6'
}

export const proxies = listOf(toProxyProblem).transform((entries) => entries.filter((entry) => entry !== ''))

const LIMIT_FORM =
  'must be written like 60/minute, or several like 10/minute,200/day, separated by commas (second, minute, hour, day)'

export const limit = z.string().transform((text, context) => {
  const rules = parseRules(text)
  if (rules === undefined) context.addIssue(LIMIT_FORM)
  return rules ?? []
})

export const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((text) => text === 'true')

/** What OpenAI calls its organisations and projects. */
export const headerValue = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be one word, such as org-abc or proj_abc')

/** As in `ek_`; `*` accepts anything. */
export const secretPrefix = z
  .string()
  .regex(
    /^(?:\*|[\x21-\x7e]{1,32})$/,
    'must be what client secrets begin with, such as ek_, or * for anything',
  )
  .transform((text) => (text === '*' ? '' : text))

/** "sk-" in base64. */
const BASE64_KEY = /^c2st[A-Za-z0-9+/_-]+={0,2}$/

/** Printable ASCII, because nothing else can be sent in a header. Entra ID tokens are keys too, and long. */
export const apiKey = z
  .string()
  .refine((text) => !/^[A-Z][A-Z0-9_]{3,}=/.test(text), 'contains NAME=value. Write only the key')
  .refine((text) => !/^[{[]/.test(text), 'contains JSON. Write only the key')
  .refine((text) => !BASE64_KEY.test(text), 'is in base64. Write the key itself')
  .refine((text) => /^[\x21-\x7e]*$/.test(text), {
    error: 'contains a blank, or a character that no API key has',
    abort: true,
  })
  .refine((text) => text.length >= 20, 'is too short for an API key: it has fewer than 20 characters')
  .refine((text) => text.length <= 8192, 'is too long for an API key: it has more than 8192 characters')
  .transform((text) => new Secret(text))

export const auditKey = z
  .string()
  .min(32, 'is too short: use 32 characters or more, such as from "openssl rand -base64 32"')
  .transform((text) => new Secret(text))

/** Printable ASCII, because it is sent in a header. */
export const adminToken = z
  .string()
  .regex(
    /^[\x21-\x7e]{32,512}$/,
    'must be 32 to 512 printable characters without spaces, such as from "openssl rand -base64 32"',
  )
  .transform((text) => new Secret(text))

/** For HS256. A public key is not secret, so it is refused. */
export const sharedSecret = z
  .string()
  .refine((text) => !text.startsWith('-----BEGIN'), 'is a key, not a shared secret. Use AUTH_JWKS_URL')
  .refine(
    (text) => Buffer.byteLength(text) >= 32,
    'is too short: use 32 bytes or more, such as from "openssl rand -base64 32"',
  )
  .transform((text) => new Secret(text))
