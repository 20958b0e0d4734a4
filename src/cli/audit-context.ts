/** Where the audit is and with which keys, and why the audit commands may be unable to work. */
import { type AuditKeys, deriveAuditKeys, readAuditKey, toKeyFile } from '../audit/keys.ts'
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

/** The options that say where the audit is. */
export interface Given {
  readonly dir?: string | undefined
  readonly 'key-file'?: readonly string[] | undefined
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

function parseSettings(environment: Environment) {
  try {
    return parseAuditConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) throw new CannotCheck('settings_wrong', error.problems.join('; '))
    throw error
  }
}

/** Where the audit is, and its keys: by option, else by setting, else the key file next to the records. */
export function locateAudit(environment: Environment, { dir, 'key-file': keyFiles = [] }: Given = {}) {
  const noKey = keyFiles.length === 0 ? {} : { AUDIT_KEY: undefined, AUDIT_KEY_FILE: undefined }
  const { AUDIT_DIR: directory, AUDIT_KEY: key } = parseSettings({
    ...environment,
    ...(dir === undefined ? {} : { AUDIT_DIR: dir }),
    ...noKey,
  })
  /** Throws a CannotCheck where there is no key. */
  async function loadKeys(): Promise<readonly AuditKeys[]> {
    if (keyFiles.length > 0) return Promise.all(keyFiles.map(loadKeyFile))
    if (key !== undefined) return [deriveAuditKeys(key)]
    // A missing directory is another problem than a missing key.
    await listAudit(directory)
    return [await loadKeyFile(toKeyFile(directory))]
  }
  return { directory, loadKeys }
}

/** Throws any error that does not answer the question whether the audit can be read. */
export function toCannotCheck(error: unknown): CannotCheck {
  if (error instanceof CannotCheck) return error
  const code = codeOf(error)
  if (code === undefined || /^ERR_(?!SQLITE)/.test(code)) throw error
  const directory = toListedDirectory(error) ?? 'AUDIT_DIR'
  return new CannotCheck(
    'directory_unreadable',
    code === 'ENOENT'
      ? `${directory} does not exist. Set AUDIT_DIR, or name the directory with --dir`
      : `${directory} cannot be read (${code})`,
  )
}

/** The directory that could not be listed, as the operator gave it. */
const toListedDirectory = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && error.syscall === 'scandir' && 'path' in error
    ? `the directory ${String(error.path)}`
    : undefined

const TOO_LONG = 'Lines above 1 MiB are skipped. Print one log entry per line.\n'

/** The records of a directory or, for the operand `-`, of a log on the input. Throws a Misuse or a CannotCheck. */
export async function openSource(
  operand: string | undefined,
  given: Given,
  { environment, input, note }: CommandContext,
) {
  const { directory, loadKeys } = locateAudit(environment, given)
  if (operand === undefined) {
    return { directory, loadKeys, anchors: [], logBeginsAtMs: undefined, close: async () => undefined }
  }
  if (operand !== '-') throw new Misuse('takes options only, or - for a log on its input.')
  const { records, tooLong, anchors, beginsAtMs, remove, ...log } = await readLogCopy(input)
  if (tooLong > 0) note(TOO_LONG)
  if (records === 0) {
    await remove()
    throw new CannotCheck('nothing_found', 'there is no audit record in the log. Set AUDIT_COPY_TO_LOG=true')
  }
  return {
    directory: log.directory,
    loadKeys: () =>
      loadKeys().catch((error: unknown) => {
        if (error instanceof CannotCheck) throw error
        throw new CannotCheck('key_missing', 'there is no audit key. Name its file with --key-file')
      }),
    anchors,
    logBeginsAtMs: beginsAtMs,
    close: remove,
  }
}
