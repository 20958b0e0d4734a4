/** `OPENAI_*` and what else decides how upstream is reached. */
import { z } from 'zod'
import type { ProxyOptions } from '../outbound/dispatcher.ts'
import { FileError, readSmallFile } from '../read-file.ts'
import type { Secret } from '../secret.ts'
import type { Loaded } from '../watched-file.ts'
import { apiKey, baseUrl, headerValue, proxyUrl, secretPrefix, wholeNumber } from './validators.ts'

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
  UPSTREAM_SECRET_PREFIX: secretPrefix.default('ek_'),
  UPSTREAM_TIMEOUT_MS: wholeNumber(100, 8_000).default(8_000),
}

export interface UpstreamConfig {
  readonly apiKey: Secret
  /** Where the key was read from, and is read from again; undefined: from the environment. */
  readonly apiKeyFile: string | undefined
  readonly baseUrl: URL
  /** Which of the two minting endpoints it serves: GA's, or the flat one. */
  readonly api: 'client_secrets' | 'sessions'
  readonly auth: 'bearer' | 'api-key'
  readonly organization: string | undefined
  readonly project: string | undefined
  /** Undefined where upstream is asked straight. */
  readonly proxy: ProxyOptions | undefined
  /** What client secrets begin with; '' for anything. */
  readonly secretPrefix: string
  readonly timeoutMs: number
}

type Settings = Readonly<Record<string, string | undefined>>

export function checkUpstreamSettings(read: Settings, isKeyFileBad: boolean): readonly string[] {
  const problems: string[] = []
  if (read['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push(
      'NODE_TLS_REJECT_UNAUTHORIZED: is 0, so that anybody on the way could read the API key; remove it',
    )
  }
  if (read['OPENAI_API_KEY'] === undefined && !isKeyFileBad) {
    problems.push(
      'OPENAI_API_KEY: is missing. Name a file that holds it in OPENAI_API_KEY_FILE, or try the service without a key: npm run demo',
    )
  }
  return problems
}

/** Undefined without a key; checkUpstreamSettings says so. */
export function toUpstreamConfig(
  data: z.infer<z.ZodObject<typeof upstreamVariables>>,
  apiKeyFile: string | undefined,
): UpstreamConfig | undefined {
  const { OPENAI_API_KEY: key, HTTPS_PROXY: url } = data
  if (key === undefined) return undefined
  return Object.freeze({
    apiKey: key,
    apiKeyFile,
    baseUrl: data.OPENAI_BASE_URL,
    api: data.OPENAI_REALTIME_API,
    auth: data.OPENAI_AUTH,
    organization: data.OPENAI_ORGANIZATION,
    project: data.OPENAI_PROJECT,
    proxy: url && Object.freeze({ url, except: data.NO_PROXY }),
    secretPrefix: data.UPSTREAM_SECRET_PREFIX,
    timeoutMs: data.UPSTREAM_TIMEOUT_MS,
  })
}

/** The API key in the file at `path`, read anew; or what is wrong with it, without its content. */
export async function loadApiKey(path: string): Promise<Loaded<Secret, string>> {
  try {
    const { data, error } = apiKey.safeParse((await readSmallFile(path)).toString('utf8').trim())
    return data === undefined ? { refused: error?.issues[0]?.message ?? 'is malformed' } : { value: data }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return { refused: `the file ${error.message}` }
  }
}
