/** What settings need of each other, and settings that have no effect, or another one than they seem to have. */
import { adminVariables } from './admin.ts'
import { callerVariables } from './callers.ts'
import { toNoProxyWarnings } from './no-proxy.ts'
import { toEntries } from './text.ts'
import { isInsecure, isLoopbackHost } from './urls.ts'

export type Settings = Readonly<Record<string, string | undefined>>

type Rule = readonly [setting: string, isBroken: (read: Settings) => boolean, message: string]

/** A secret may also be in a file. */
const isSet = (read: Settings, name: string): boolean =>
  read[name] !== undefined || read[`${name}_FILE`] !== undefined

const isJwt = ({ AUTH_MODE: mode }: Settings): boolean => mode === 'jwt'

const isInsecureUrl = (name: string) => (read: Settings) =>
  isInsecure(read[name] ?? '', toEntries(read['INSECURE_HTTP_HOSTS']))

const HTTP_ADVICE =
  'begins with http://, so everyone on the network can read it. Use https://, or list the host in INSECURE_HTTP_HOSTS'

const needs: readonly Rule[] = [
  [
    'NODE_TLS_REJECT_UNAUTHORIZED',
    ({ NODE_TLS_REJECT_UNAUTHORIZED: check }) => check === '0',
    'is 0, so everyone on the network could read the API key. Remove it',
  ],
  [
    'OPENAI_API_KEY',
    (read) => !isSet(read, 'OPENAI_API_KEY'),
    'is missing. Name the file that contains it in OPENAI_API_KEY_FILE, or try the service without a key: npm run demo',
  ],
  [
    'REDIS_REQUIRED',
    (read) => read['REDIS_REQUIRED'] === 'true' && !isSet(read, 'REDIS_URL'),
    'needs REDIS_URL or REDIS_URL_FILE',
  ],
  [
    'REDIS_URL',
    (read) => isSet(read, 'REDIS_URL') && !isSet(read, 'AUDIT_KEY'),
    'needs AUDIT_KEY or AUDIT_KEY_FILE, the same for all replicas, because they count callers by its pseudonyms',
  ],
  [
    'AUTH_JWKS_URL',
    (read) => isJwt(read) && isSet(read, 'AUTH_JWKS_URL') && isSet(read, 'AUTH_JWT_SECRET'),
    'is set together with AUTH_JWT_SECRET. Keep the one that your issuer signs with',
  ],
  [
    'AUTH_JWKS_URL',
    (read) => isJwt(read) && !isSet(read, 'AUTH_JWKS_URL') && !isSet(read, 'AUTH_JWT_SECRET'),
    'is missing. Set the URL of your issuer’s key set, or name the file of the shared secret in AUTH_JWT_SECRET_FILE',
  ],
  [
    'AUTH_ISSUER',
    (read) => isJwt(read) && read['AUTH_ISSUER']?.includes('/.well-known/') === true,
    'is the URL of a document. Write "iss" exactly as in your issuer’s tokens',
  ],
  [
    'AUTH_ISSUER',
    (read) => isJwt(read) && !isSet(read, 'AUTH_ISSUER'),
    'is missing. Write "iss" exactly as in your issuer’s tokens',
  ],
  [
    'AUTH_AUDIENCE',
    (read) => isJwt(read) && !isSet(read, 'AUTH_AUDIENCE'),
    'is missing. Write the "aud" of the tokens that are meant for this service',
  ],
  [
    'ALLOWED_ORIGINS',
    (read) => !isJwt(read) && !isSet(read, 'ALLOWED_ORIGINS'),
    'is missing. List the origins of your pages, such as https://app.example.com',
  ],
  [
    'ALLOWED_ORIGINS',
    (read) => !isJwt(read) && toEntries(read['ALLOWED_ORIGINS']).includes('null'),
    'has the entry null, which needs AUTH_MODE=jwt: every sandboxed frame and local file sends it',
  ],
  [
    'ADMIN_TOKEN',
    (read) => isSet(read, 'ADMIN_PORT') && !isLoopbackHost(read['ADMIN_HOST']) && !isSet(read, 'ADMIN_TOKEN'),
    'is missing. ADMIN_HOST is not a loopback address, so every request needs the token. Name its file in ADMIN_TOKEN_FILE',
  ],
  [
    'ADMIN_PORT',
    ({ ADMIN_PORT: admin, PORT: port = '8080' }) => admin === port && port !== '0',
    'is the port of the public listener. Choose another one',
  ],
  ['OPENAI_BASE_URL', isInsecureUrl('OPENAI_BASE_URL'), HTTP_ADVICE],
  ['AUTH_JWKS_URL', isInsecureUrl('AUTH_JWKS_URL'), HTTP_ADVICE],
]

const isKeyOf =
  (prefix: string) =>
  ({ OPENAI_API_KEY: key }: Settings): boolean =>
    key?.startsWith(prefix) === true

// Servers other than OpenAI may accept any key.
const doubts: readonly Rule[] = [
  ['OPENAI_API_KEY', isKeyOf('ek_'), 'looks like a client secret. Write an API key'],
  ['OPENAI_API_KEY', isKeyOf('sk-admin-'), 'looks like an admin key, which cannot mint. Write a project key'],
  ['OPENAI_API_KEY', isKeyOf('sk-ant-'), 'looks like a key of Anthropic. Write a key of OpenAI'],
  [
    'ALLOWED_ORIGINS',
    (read) => read['AUTH_MODE'] !== 'none' && toEntries(read['ALLOWED_ORIGINS']).includes('null'),
    'has the entry null, which every sandboxed frame and local file sends',
  ],
  [
    'AUTH_AUDIENCE',
    (read) => read['AUTH_MODE'] !== 'none' && toEntries(read['AUTH_AUDIENCE']).includes('account'),
    'has the entry account, which Keycloak writes into every token of its realm. Add an audience mapper for this service',
  ],
  [
    'REPLICAS',
    (read) => isSet(read, 'REPLICAS') && read['REDIS_URL'] === undefined,
    'has no effect without REDIS_URL. Each replica counts alone',
  ],
  [
    'AUDIT_COPY_TO_LOG',
    (read) => read['AUDIT_COPY_TO_LOG'] === 'true' && read['AUDIT_IDENTITIES'] === 'plain',
    'the log gets callers and addresses in plain text, as AUDIT_IDENTITIES says. Restrict who can read it',
  ],
  [
    'ALL_PROXY',
    (read) => Boolean(read['ALL_PROXY']) && !isSet(read, 'HTTPS_PROXY'),
    'has no effect. Set HTTPS_PROXY',
  ],
]

const broken = (rules: readonly Rule[], read: Settings): readonly string[] =>
  rules.flatMap(([setting, isBroken, message]) => (isBroken(read) ? [`${setting}: ${message}`] : []))

/** Settings that are missing or conflict. Validators check the values. */
export const checkSettings = (read: Settings): readonly string[] => broken(needs, read)

/** One warning for the settings of a group that are set. */
function* toIdle(read: Settings, group: object, why: string): Iterable<string> {
  const idle = Object.keys(group)
    .flatMap((name) => [name, `${name}_FILE`])
    .filter((name) => name !== 'AUTH_MODE' && read[name] !== undefined)
  if (idle.length > 0) yield `${idle.join(', ')}: not used, because ${why}`
}

const HOSTS_ADVICE = 'is not the host of an http:// URL in OPENAI_BASE_URL or AUTH_JWKS_URL. Remove it'

function* toInsecureHosts(read: Settings): Iterable<string> {
  const urls = [read['OPENAI_BASE_URL'], read['AUTH_JWKS_URL']].map((text) => URL.parse(text ?? ''))
  const inUse = new Set(urls.map((url) => (url?.protocol === 'http:' ? url.hostname : undefined)))
  const entries = toEntries(read['INSECURE_HTTP_HOSTS'])
  if (entries.some((entry) => inUse.has(entry)))
    yield 'INSECURE_HTTP_HOSTS: what is sent to these hosts, such as the API key, is not encrypted'
  for (const [index, entry] of entries.entries())
    if (entry !== '' && !inUse.has(entry)) yield `INSECURE_HTTP_HOSTS: entry ${index + 1} ${HOSTS_ADVICE}`
}

/** Settings without effect, and settings that open more than they seem to. */
export function* toSettingWarnings(read: Settings): Iterable<string> {
  yield* broken(doubts, read)
  yield* toInsecureHosts(read)
  const origins = toEntries(read['ALLOWED_ORIGINS'])
  const repeated = origins.findIndex((entry, index) => entry !== '' && origins.indexOf(entry) < index)
  if (repeated >= 0) yield `ALLOWED_ORIGINS: entry ${repeated + 1} repeats an entry. Remove it`
  yield* toNoProxyWarnings(read['NO_PROXY'] ?? '')
  if (read['AUTH_MODE'] === 'none')
    yield* toIdle(read, callerVariables, 'AUTH_MODE is none. Set it to jwt to ask callers for tokens')
  if (read['ADMIN_PORT'] === undefined)
    yield* toIdle(read, adminVariables, 'ADMIN_PORT is not set. Set it to open the admin listener')
}
