/** Looks at the files and servers that the settings name. Mints nothing and creates no file. */
import { access, constants, lstat, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { KEY_FILE_NAME, readAuditKey, toKeyFile } from '../audit/keys.ts'
import { toAuditProblem } from '../audit/open.ts'
import { findStorage, toFileSystemProblem, toStorageWarning } from '../audit/storage.ts'
import { KeySet } from '../auth/key-set.ts'
import { toKeySetAdvice } from '../auth/key-set-error.ts'
import { monotonicNow } from '../clocks.ts'
import { type Config, type Environment, secretFileNames, toRedisNeed } from '../config.ts'
import { loadDescriptorLimit, toDescriptorWarning } from '../descriptors.ts'
import { codeOf } from '../errors.ts'
import { probeUpstream } from '../openai/probe.ts'
import { RedisConnection } from '../redis/connection.ts'

export interface Remarks {
  /** What would keep the service from starting, or from working. */
  readonly problems: readonly string[]
  /** What the operator should look at. */
  readonly warnings: readonly string[]
}

/** 0 where there is no file. */
const toMode = (path: string): Promise<number> =>
  stat(path).then(
    ({ mode }) => mode,
    () => 0,
  )

const EXPOSED = 'users other than its owner can read the file. Only the user that runs the service needs to'

/** Warns of secret files that other users can read. */
async function findExposed(environment: Environment, { audit }: Config) {
  const given = secretFileNames.map((name) => [name, environment[name] ?? ''] as const)
  const own = [`AUDIT_DIR/${KEY_FILE_NAME}`, toKeyFile(audit.directory)] as const
  const files = audit.key === undefined ? [...given, own] : given
  const lines = files.map(async ([name, path]) => {
    // With Compose, all users can read the file, but only its owner can enter the directory.
    const isExposed = ((await toMode(path)) & 0o077) !== 0 && ((await toMode(dirname(path))) & 0o011) !== 0
    return isExposed ? `${name}: ${EXPOSED}` : undefined
  })
  return Promise.all(lines)
}

/** Checks the directory or, while it does not exist, the one that it would be created in. */
async function checkAuditDirectory(path: string): Promise<string | undefined> {
  try {
    // With the dot, a file in its place is an error.
    await access(`${path}/.`, constants.W_OK | constants.X_OK)
    return toFileSystemProblem(await statfs(path))
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT' && dirname(path) !== path && !(await isLink(path))
    return isMissing ? checkAuditDirectory(dirname(path)) : toAuditProblem(error)
  }
}

/** A link without a target cannot become a directory. */
const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )

/** Checks the key file next to the records, if there is one. */
async function checkAuditKey({ audit }: Config): Promise<string | undefined> {
  if (audit.key !== undefined) return undefined
  try {
    await readAuditKey(toKeyFile(audit.directory))
    return undefined
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '') ? undefined : toAuditProblem(error)
  }
}

async function checkRedis(config: Config): Promise<Remarks> {
  const { redis } = config
  if (redis === null) return { problems: [], warnings: [] }
  const faults: string[] = []
  const connection = new RedisConnection({
    url: redis.url,
    onChange: (fault) => faults.push(`REDIS_URL: Redis is unavailable (${fault ?? 'unknown'})`),
  })
  await connection.open()
  connection.close()
  const need = toRedisNeed(config)
  if (need === undefined) return { problems: [], warnings: faults }
  return {
    problems: faults.map((fault) => `${fault}. With ${need}, nothing is issued without it`),
    warnings: [],
  }
}

async function checkKeySet({ callers }: Config): Promise<readonly string[]> {
  if (callers.mode === 'none' || !('url' in callers.keys)) return []
  const faults: string[] = []
  const keySet = new KeySet({
    ...callers.keys,
    monotonicNow,
    onChange: (cause = 'unknown') => faults.push(`AUTH_JWKS_URL: ${toKeySetAdvice(cause)}`),
  })
  await keySet.refresh()
  await keySet.close()
  return faults
}

/** Tries upstream through the proxy, where one is configured. */
async function checkProxy({ upstream }: Config): Promise<string | undefined> {
  if (upstream.proxy === undefined) return undefined
  const obstacle = await probeUpstream(upstream)
  return obstacle === null
    ? undefined
    : `OPENAI_BASE_URL: cannot be reached with HTTPS_PROXY and NO_PROXY as they are (${obstacle})`
}

/** A directory that cannot be read is a problem of its own. */
const checkStorage = async (config: Config): Promise<string | undefined> =>
  toStorageWarning(config, await findStorage(config).catch(() => 'disk' as const))

/** The limit of this process: a service manager may set another one. */
const checkDescriptors = async ({ maxConcurrentMints }: Config): Promise<string | undefined> =>
  toDescriptorWarning({ limit: await loadDescriptorLimit(), maxConcurrentMints })

/** Resolves within seconds, even if a server does not answer. */
export async function runPreflight(environment: Environment, config: Config): Promise<Remarks> {
  const [redis, problems, warnings] = await Promise.all([
    checkRedis(config),
    Promise.all([
      checkAuditDirectory(resolve(config.audit.directory)),
      checkAuditKey(config),
      checkKeySet(config),
    ]),
    Promise.all([
      findExposed(environment, config),
      checkProxy(config),
      checkStorage(config),
      checkDescriptors(config),
    ]),
  ])
  return {
    problems: [...problems.flat().filter((problem) => problem !== undefined), ...redis.problems],
    warnings: [...warnings.flat().filter((warning) => warning !== undefined), ...redis.warnings],
  }
}
