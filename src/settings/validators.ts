/** What each kind of setting may look like: from the operator's text to a value, or a sentence that says what to write. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { parseRules } from '../limits/rules.ts'
import { Secret } from '../secret.ts'

const TRUST_PROXY_ADVICE =
  'lists the proxy’s own addresses or CIDRs, such as 10.0.0.5,fd00::/64. true and hop counts believe whatever a caller writes into X-Forwarded-For'

const parseList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function isCidr(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  // A prefix of 0 would be everybody.
  return (
    prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
  )
}

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)

function isRedisUrl(url: URL | undefined): boolean {
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '') return false
  // A percent sign that encodes nothing could not be decoded when the password is needed.
  if (/%(?![0-9a-f]{2})/i.test(url.username + url.password)) return false
  return /^\/?\d{0,4}$/.test(url.pathname) && url.search === '' && url.hash === ''
}

/** What is wrong with an origin, as a sentence; undefined where nothing is. */
function toOriginProblem(text: string): string | undefined {
  if (text === '*' || text === 'null') return `does not take ${text}: name each origin`
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol) || text.includes('*'))
    return 'lists origins such as https://app.example.com'
  return url.origin === text
    ? undefined
    : `holds an origin that is not in canonical form: write ${url.origin}`
}

export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `is a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `is a whole number from ${least} to ${most}`)

export const origins = z.string().transform((text, context) => {
  const list = parseList(text)
  if (list.length === 0) context.addIssue('is empty: list the origins of your pages')
  for (const problem of new Set(list.map(toOriginProblem))) {
    if (problem !== undefined) context.addIssue(problem)
  }
  return new Set(list)
})

export const proxies = z.string().transform((text, context) => {
  const list = parseList(text)
  if (!list.every(isCidr)) context.addIssue(TRUST_PROXY_ADVICE)
  return list
})

export const limit = z.string().transform((text, context) => {
  const rules = parseRules(text)
  if (rules !== undefined) return rules
  context.addIssue('is written like 60/minute, or several like 10/minute,200/day (second, minute, hour, day)')
  return z.NEVER
})

export const flag = z
  .enum(['true', 'false'], { error: 'is true or false' })
  .transform((text) => text === 'true')

/** Compared to the letter, so a blank that nobody sees would let nothing match. */
export const exactText = z.string().regex(/^\S(?:.*\S)?$/, 'begins or ends with a blank')

export const secureUrl = z.string().transform((text, context) => {
  const url = parseUrl(text)
  if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))) {
    context.addIssue('is a URL that begins with https:// (http:// only on loopback)')
    return z.NEVER
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    context.addIssue('is a URL without credentials and without a fragment')
  }
  return url
})

export const baseUrl = secureUrl.transform((url) => {
  url.pathname = url.pathname.replace(/\/+$/, '')
  return url
})

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** May hold a password, and so is kept like one. */
export const proxyUrl = z.string().transform((text, context) => {
  const url = parseUrl(text)
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    context.addIssue('is the URL of an HTTP proxy, such as http://proxy.example.com:3128')
    return z.NEVER
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    context.addIssue('is a URL without path; write / as %2F and \\ as %5C')
  }
  if (!isPercentEncoded(url.username + url.password)) {
    context.addIssue('has a name or password that is not percent-encoded: write % as %25')
  }
  return new Secret(url.href)
})

/** What OpenAI calls its organisations and projects. */
export const headerValue = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'is one word, such as org-abc or proj_abc')

const REDIS_URL_ADVICE = 'is a URL such as redis://host:6379 or rediss://user:password@host:6379/0'

/** Its password makes it a secret. */
export const redisUrl = z.string().transform((text, context) => {
  if (!isRedisUrl(parseUrl(text))) context.addIssue(REDIS_URL_ADVICE)
  return new Secret(text)
})

/** As in `ek_`; `*` takes any. */
export const secretPrefix = z
  .string()
  .regex(/^(?:\*|[\x21-\x7e]{1,32})$/, 'is what client secrets begin with, such as ek_, or * for anything')
  .transform((text) => (text === '*' ? '' : text))

/** Printable ASCII: anything else could not travel in a header, and usually is a copying mistake. */
export const apiKey = z
  .string()
  .regex(
    /^[\x21-\x7e]{20,512}$/,
    'does not look like an API key: 20 to 512 printable characters without spaces',
  )
  .transform((text) => new Secret(text))

export const auditKey = z
  .string()
  .min(32, 'is too short: use 32 characters or more, such as from "openssl rand -base64 32"')
  .transform((text) => new Secret(text))

/** For HS256. A public key in its place would be a secret that everybody knows. */
export const sharedSecret = z
  .string()
  .refine((text) => !text.startsWith('-----BEGIN'), 'is no shared secret, but a key: use AUTH_JWKS_URL')
  .refine(
    (text) => Buffer.byteLength(text) >= 32,
    'is too short: use 32 bytes or more, such as from "openssl rand -base64 32"',
  )
  .transform((text) => new Secret(text))
