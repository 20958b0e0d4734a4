/** `OPENAI_*` and the other settings that decide how upstream is reached. */
import { z } from 'zod'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { FileError, readSmallFile } from '../read-file.ts'
import type { Secret } from '../secret.ts'
import type { Loaded } from '../watched-file.ts'
import { isInRanges } from './no-proxy.ts'
import { findSecretFileProblem, toFileText } from './text.ts'
import { baseUrl, hostNames, proxyUrl } from './urls.ts'
import { apiKey, headerValue, secretPrefix, wholeNumber } from './validators.ts'

export const upstreamVariables = {
  OPENAI_API_KEY: apiKey.optional(),
  OPENAI_BASE_URL: baseUrl.default(new URL('https://api.openai.com/v1')),
  OPENAI_REALTIME_API: z
    .enum(['client_secrets', 'sessions'], { error: 'is client_secrets or sessions' })
    .default('client_secrets'),
  OPENAI_AUTH: z.enum(['bearer', 'api-key'], { error: 'is bearer or api-key' }).default('bearer'),
  OPENAI_ORGANIZATION: headerValue.optional(),
  OPENAI_PROJECT: headerValue.optional(),
  HTTPS_PROXY: proxyUrl.optional(),
  NO_PROXY: z.string().default(''),
  INSECURE_HTTP_HOSTS: hostNames.default(new Set()),
  UPSTREAM_SECRET_PREFIX: secretPrefix.default('ek_'),
  UPSTREAM_TIMEOUT_MS: wholeNumber(100, 8_000).default(8_000),
}

export interface UpstreamConfig {
  readonly apiKey: Secret
  /** The file of the key, which is reread when it changes; undefined if the key is in the environment. */
  readonly apiKeyFile: string | undefined
  readonly baseUrl: URL
  /** Which of the two minting endpoints it serves: GA's, or the flat one. */
  readonly api: 'client_secrets' | 'sessions'
  readonly auth: 'bearer' | 'api-key'
  readonly organization: string | undefined
  readonly project: string | undefined
  /** Undefined where requests go without one. */
  readonly proxy: ProxyOptions | undefined
  /** What client secrets begin with; '' accepts anything. */
  readonly secretPrefix: string
  readonly timeoutMs: number
}

type Data = z.infer<z.ZodObject<typeof upstreamVariables>>

/** The proxy for requests to `url`; undefined where they go without one. */
export const toProxy = (
  { HTTPS_PROXY: proxy, NO_PROXY: except }: Data,
  url: URL,
): ProxyOptions | undefined =>
  proxy === undefined || isInRanges(url, except) ? undefined : Object.freeze({ url: proxy, except })

/** Undefined without a key; checkSettings says so. */
export function toUpstreamConfig(data: Data, apiKeyFile: string | undefined): UpstreamConfig | undefined {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: url } = data
  if (key === undefined) return undefined
  return Object.freeze({
    apiKey: key,
    apiKeyFile,
    baseUrl: url,
    api: data.OPENAI_REALTIME_API,
    auth: data.OPENAI_AUTH,
    organization: data.OPENAI_ORGANIZATION,
    project: data.OPENAI_PROJECT,
    proxy: toProxy(data, url),
    secretPrefix: data.UPSTREAM_SECRET_PREFIX,
    timeoutMs: data.UPSTREAM_TIMEOUT_MS,
  })
}

/** Reads the API key from its file again. A refusal says what is wrong with it, without its content. */
export async function loadApiKey(path: string): Promise<Loaded<Secret, string>> {
  try {
    const text = toFileText(await readSmallFile(path))
    const problem = findSecretFileProblem(text)
    if (problem !== undefined) return { refused: problem }
    const { data, error } = apiKey.safeParse(text)
    return data === undefined ? { refused: error?.issues[0]?.message ?? 'is malformed' } : { value: data }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return { refused: `the file ${error.message}` }
  }
}
