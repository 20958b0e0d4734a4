/** Settings that are URLs: from the operator's text to a value, or a sentence that says what to write. */
import { Secret } from '../secret.ts'
import { checked, report } from './text.ts'

/** Names other than localhost can resolve to anything. */
export const isLoopbackHost = (host = '127.0.0.1'): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)

export const isLoopback = ({ hostname }: URL): boolean => isLoopbackHost(hostname.replace(/^\[|\]$/g, ''))

const ENCODING =
  'has a user name or password that is not encoded. In a user name or password, write / as %2F, # as %23, ? as %3F, @ as %40, \\ as %5C and % as %25'

/** True if a character of the user name or password ends the host too early: an @ follows its end. */
const isCutShort = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*[/?#\\].*@/i.test(text)

/** decodeURIComponent would throw when the password is used. */
function isPercentEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function toWebProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be a URL that begins with https://'
  return url.username + url.password + url.hash === ''
    ? undefined
    : 'must be a URL without user name, password and fragment'
}

/** https, or http to a host that INSECURE_HTTP_HOSTS lists. */
export const keySetUrl = checked(toWebProblem).transform((text) => new URL(text))

const OPENAI_ADVICE = 'is not OpenAI’s base URL. Write https://api.openai.com/v1'
const AZURE_ADVICE = 'is not a base URL of Azure OpenAI. Write https://NAME.openai.azure.com/openai/v1'
const NO_SECRETS_ADVICE = 'is of a provider without client secrets for sessions. See docs/deploying.md'

interface BaseUrlRule {
  readonly host: RegExp
  /** Undefined: none can mint. */
  readonly path?: RegExp
  readonly advice: string
}

/** Base URLs of known providers. The first rule whose host fits decides. */
const baseUrlRules: readonly BaseUrlRule[] = [
  { host: /^(?:[a-z]+\.)?api\.openai\.com$/, path: /^\/v1$/, advice: OPENAI_ADVICE },
  { host: /(?:^|\.)openai\.com$/, advice: OPENAI_ADVICE },
  {
    host: /\.(?:openai|cognitiveservices|services\.ai)\.azure\.com$/,
    path: /^\/openai\/(?:v1|realtimeapi)$/,
    advice: AZURE_ADVICE,
  },
  { host: /(?:^|\.)(?:x\.ai|openrouter\.ai)$/, advice: NO_SECRETS_ADVICE },
]

/** What is wrong with a base URL whose path has no slash at its end; undefined where nothing is. */
function toBaseUrlProblem({ hostname, pathname }: URL): string | undefined {
  if (/\/realtime(\/|$)/.test(pathname))
    return 'must end before /realtime: write the URL up to /v1, such as https://api.openai.com/v1'
  const rule = baseUrlRules.find(({ host }) => host.test(hostname))
  if (rule !== undefined) return rule.path?.test(pathname) === true ? undefined : rule.advice
  return /\/(?:chat|completions|responses|models|deployments)(?:\/|$)/.test(pathname)
    ? 'is the URL of an endpoint. Write the URL up to /v1'
    : undefined
}

export const baseUrl = keySetUrl
  .transform((url) => {
    url.pathname = url.pathname.replace(/\/+$/, '')
    return url
  })
  .superRefine(report(toBaseUrlProblem))

/** True for an http URL of a host that may not have one. Looks at nothing else. */
export function isInsecure(text: string, insecureHosts: readonly string[]): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'http:' && !isLoopback(url) && !insecureHosts.includes(url.hostname)
}

function toProxyProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (!/^https?:\/\//i.test(text) || (url === null && !isCutShort(text)))
    return 'must be the URL of an HTTP proxy, such as http://proxy.example.com:3128'
  if (url === null || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must be a URL without path; write / as %2F and \\ as %5C'
  return isPercentEncoded(url) ? undefined : ENCODING
}

/** A secret, because it may contain a password. */
export const proxyUrl = checked(toProxyProblem).transform((text) => new Secret(new URL(text).href))

const REDIS_URL_FORM = 'must be a URL such as redis://host:6379 or rediss://user:password@host:6379/0'

function toRedisProblem(text: string): string | undefined {
  if (/^[\w+-]*(?:sentinel|cluster|unix)/.test(text) || /^rediss?:\/\/[^@]*,/.test(text))
    return 'must name one server. Sentinel, Cluster and sockets are not supported'
  if (!/^rediss?:\/\//.test(text)) return `${REDIS_URL_FORM}: it begins with redis:// or rediss://`
  if (isCutShort(text)) return ENCODING
  const url = URL.parse(text)
  if (url === null || url.hostname === '') return REDIS_URL_FORM
  if (!isPercentEncoded(url)) return ENCODING
  if (url.search !== '') return 'takes no parameters. Remove the "?" and what follows it'
  if (url.hash !== '') return 'takes no fragment. Remove the "#" and what follows it'
  return /^\/?\d{0,4}$/.test(url.pathname)
    ? undefined
    : 'may end in the number of a database, such as /0, and in nothing else'
}

/** A secret, because it may contain a password. */
export const redisUrl = checked(toRedisProblem).transform((text) => new Secret(text))
