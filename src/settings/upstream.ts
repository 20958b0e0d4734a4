/** `OPENAI_*` and the other settings that decide how upstream is reached. */
import { z } from 'zod'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { FileError, readSmallFile } from '../read-file.ts'
import type { Secret } from '../secret.ts'
import type { Loaded } from '../watched-file.ts'
import { isInRanges } from './no-proxy.ts'
import { toFileSecret } from './text.ts'
import { baseUrl, proxyUrl } from './urls.ts'
import { apiKey, headerValue, hostNames, secretPrefix, wholeNumber } from './validators.ts'

export const upstreamVariables = {
  OPENAI_API_KEY: apiKey.optional(),
  OPENAI_BASE_URL: baseUrl.default(new URL('https://api.openai.com/v1')),
  OPENAI_REALTIME_API: z
    .enum(['client_secrets', 'sessions'], { error: 'must be client_secrets or sessions' })
    .default('client_secrets'),
  OPENAI_AUTH: z.enum(['bearer', 'api-key'], { error: 'must be bearer or api-key' }).default('bearer'),
  OPENAI_ORGANIZATION: headerValue.optional(),
  OPENAI_PROJECT: headerValue.optional(),
  HTTPS_PROXY: proxyUrl.optional(),
  NO_PROXY: z.string().default(''),
  INSECURE_HTTP_HOSTS: hostNames.optional(),
  UPSTREAM_SECRET_PREFIX: secretPrefix.default('ek_'),
  UPSTREAM_TIMEOUT_MS: wholeNumber(100, 8_000).default(8_000),
}

type Data = z.infer<z.ZodObject<typeof upstreamVariables>>

/** The proxy for requests to `url`; undefined where they go without one. */
export const toProxy = (
  { HTTPS_PROXY: proxy, NO_PROXY: except }: Data,
  url: URL,
): ProxyOptions | undefined =>
  proxy === undefined || isInRanges(url, except) ? undefined : Object.freeze({ url: proxy, except })

export type UpstreamConfig = NonNullable<ReturnType<typeof toUpstreamConfig>>

/** Undefined without a key; checkSettings says so. */
export function toUpstreamConfig(data: Data, apiKeyFile: string | undefined) {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: url } = data
  if (key === undefined) return undefined
  return Object.freeze({
    apiKey: key,
    /** The file of the key, which is reread when it changes; undefined if the key is in the environment. */
    apiKeyFile,
    baseUrl: url,
    /** Which of the two minting endpoints it serves: GA's, or the flat one. */
    api: data.OPENAI_REALTIME_API,
    auth: data.OPENAI_AUTH,
    organization: data.OPENAI_ORGANIZATION,
    project: data.OPENAI_PROJECT,
    proxy: toProxy(data, url),
    /** What client secrets begin with; '' accepts anything. */
    secretPrefix: data.UPSTREAM_SECRET_PREFIX,
    timeoutMs: data.UPSTREAM_TIMEOUT_MS,
  })
}

/** Reads the API key from its file again. A refusal says what is wrong with it, without its content. */
export async function loadApiKey(path: string): Promise<Loaded<Secret, string>> {
  try {
    const secret = toFileSecret(await readSmallFile(path))
    if ('refused' in secret) return secret
    const { data, error } = apiKey.safeParse(secret.value)
    return data === undefined ? { refused: error?.issues[0]?.message ?? 'is malformed' } : { value: data }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return { refused: `the file ${error.message}` }
  }
}
