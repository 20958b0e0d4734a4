/** Names that are not settings, and the setting that is probably meant. */
import { closest } from '../suggestion.ts'

/** Names that other programs use for our settings, and that closest() would not find. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['OPENAI_ORG', 'OPENAI_ORGANIZATION'],
  ['OPENAI_ORG_ID', 'OPENAI_ORGANIZATION'],
  ['OPENAI_PROJECT_ID', 'OPENAI_PROJECT'],
  ['OPENAI_API_BASE', 'OPENAI_BASE_URL'],
  ['OPENAI_API_TYPE', 'OPENAI_AUTH'],
  ['CORS_ORIGINS', 'ALLOWED_ORIGINS'],
  ['CORS_ORIGIN', 'ALLOWED_ORIGINS'],
  ['JWKS_URL', 'AUTH_JWKS_URL'],
  ['JWT_SECRET', 'AUTH_JWT_SECRET'],
  ['TRUSTED_PROXIES', 'TRUST_PROXY'],
  ['RATE_LIMIT', 'RATE_LIMIT_PER_ADDRESS'],
])

/** Only this service has such names. Others may belong to another program. */
const ourPrefix = /^(?:OPENAI|AUTH|AUDIT|ADMIN|RATE_LIMIT|UPSTREAM)_/

/** In the environment of every container in Kubernetes, for each service: its name may begin like a setting of ours. */
const serviceLink = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_PROTO|_PORT|_ADDR)?$/
const isServiceLink = (name: string, value = ''): boolean =>
  serviceLink.test(name) || (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value))

const closestTo = (name: string, known: readonly string[], maxDistance?: number): string | undefined =>
  closest(
    name.toLowerCase(),
    known.map((one) => one.toLowerCase()),
    maxDistance,
  )?.toUpperCase()

/** The setting with the most similar name; undefined if none is similar. */
export const toSuggestion = (name: string, known: readonly string[]): string | undefined =>
  otherNames.get(name) ?? closestTo(name, known)

/** The setting that a name in the environment is meant for, which also has the names of other programs. */
function toMeant(name: string, value: string | undefined, known: readonly string[]): string | undefined {
  if (known.includes(name) || name === 'HTTP_PROXY' || isServiceLink(name, value)) return undefined
  if (ourPrefix.test(name)) return toSuggestion(name, known)
  const isLong = /^[A-Z_]{8,}$/.test(name)
  // Two letters may tell short names of two programs apart, such as REDIS_SSL.
  return otherNames.get(name) ?? (isLong ? closestTo(name, known, name.length < 12 ? 1 : 2) : undefined)
}

/** Misspelled names in the environment, without those that the warnings about .env name. */
export const toMisspelled = (
  environment: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
  warnings: readonly string[],
): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => {
    if (warnings.some((warning) => warning.startsWith(`.env: ${name} `))) return []
    const near = toMeant(name, value, known)
    return near === undefined ? [] : [`${name}: is not a setting. Did you mean ${near}?`]
  })
