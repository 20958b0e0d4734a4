/** Where the audit is and with which keys, and why the audit commands may be unable to work. */
import { type AuditKeys, deriveAuditKeys, readAuditKey, toKeyFile } from '../audit/keys.ts'
import type { Claim } from '../audit-reader/claims.ts'
import { listAudit } from '../audit-reader/listing.ts'
import { readLogCopy } from '../audit-reader/log-copy.ts'
import { type Environment, parseAuditConfig } from '../config.ts'
import { codeOf } from '../errors.ts'
import { ConfigError } from '../problems.ts'
import { Misuse } from './arguments.ts'
import type { CommandContext } from './command.ts'

/** Why an audit cannot be read. */
export class CannotCheck extends Error {
  readonly problem:
    | 'settings_wrong'
    | 'key_missing'
    | 'key_unknown'
    | 'directory_unreadable'
    | 'log_unreadable'
    | 'nothing_found'

  constructor(problem: CannotCheck['problem'], message: string) {
    super(message)
    this.name = 'CannotCheck'
    this.problem = problem
  }
}

export interface Place {
  readonly directory: string
  /** Throws a CannotCheck where there is no key. */
  readonly loadKeys: () => Promise<readonly AuditKeys[]>
}

export interface PlaceOptions {
  readonly dir: string | undefined
  readonly keyFiles: readonly string[]
}

async function loadKeyFile(path: string): Promise<AuditKeys> {
  try {
    return deriveAuditKeys(await readAuditKey(path))
  } catch (error) {
    throw new CannotCheck(
      'key_missing',
      `there is no audit key (${codeOf(error) ?? 'unreadable'}): set AUDIT_KEY_FILE, or name its file with --key-file`,
    )
  }
}

/** Beside the records, as the service does it where none is configured. */
async function loadOwnKeyFile(directory: string): Promise<AuditKeys> {
  await listAudit(directory)
  return loadKeyFile(toKeyFile(directory))
}

/** Where the audit is, and its keys: by option, else by setting, else the key file beside the records. */
export function findPlace(environment: Environment, { dir, keyFiles }: PlaceOptions): Place {
  const given = { ...environment, ...(dir === undefined ? {} : { AUDIT_DIR: dir }) }
  const { directory, key } = parseSettings(
    keyFiles.length === 0 ? given : { ...given, AUDIT_KEY: undefined, AUDIT_KEY_FILE: undefined },
  )
  async function loadKeys(): Promise<readonly AuditKeys[]> {
    if (keyFiles.length > 0) return Promise.all(keyFiles.map(loadKeyFile))
    return [key === undefined ? await loadOwnKeyFile(directory) : deriveAuditKeys(key)]
  }
  return { directory, loadKeys }
}

function parseSettings(environment: Environment) {
  try {
    return parseAuditConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) throw new CannotCheck('settings_wrong', error.problems.join('; '))
    throw error
  }
}

/** Throws any error that is no answer to the question whether the audit can be read. */
export function toCannotCheck(error: unknown): CannotCheck {
  if (error instanceof CannotCheck) return error
  const code = codeOf(error)
  if (code === undefined || /^ERR_(?!SQLITE)/.test(code)) throw error
  return new CannotCheck('directory_unreadable', `AUDIT_DIR cannot be read (${code})`)
}

export interface Source extends Place {
  /** Those of the log that was read, if there is one. */
  readonly anchors: readonly Claim[]
  /** Unix milliseconds; undefined if no log was read. */
  readonly logBeginsAtMs: number | undefined
  readonly close: () => Promise<void>
}

export interface SourceOptions extends PlaceOptions, Pick<CommandContext, 'environment' | 'input' | 'note'> {
  /** `-` reads the copies in a log from the input. */
  readonly operand: string | undefined
}

const TOO_LONG = 'Lines above 1 MiB are skipped. Print one log entry per line.\n'

/** The records of a directory or of a log. Throws a Misuse or a CannotCheck. */
export async function openSource({ operand, environment, input, note, ...options }: SourceOptions) {
  const place = findPlace(environment, options)
  if (operand === undefined) {
    return {
      ...place,
      anchors: [],
      logBeginsAtMs: undefined,
      close: () => Promise.resolve(),
    } satisfies Source
  }
  if (operand !== '-') throw new Misuse('takes options only, or - for a log on its input.')
  async function loadKeys(): Promise<readonly AuditKeys[]> {
    try {
      return await place.loadKeys()
    } catch (error) {
      if (error instanceof CannotCheck) throw error
      throw new CannotCheck('key_missing', 'there is no audit key. Name its file with --key-file')
    }
  }
  const { records, directory, anchors, beginsAtMs, tooLong, remove } = await readLogCopy(input)
  if (tooLong > 0) note(TOO_LONG)
  if (records === 0) {
    await remove()
    throw new CannotCheck('nothing_found', 'there is no audit record in the log. Set AUDIT_COPY_TO_LOG=true')
  }
  return { loadKeys, directory, anchors, logBeginsAtMs: beginsAtMs, close: remove } satisfies Source
}
