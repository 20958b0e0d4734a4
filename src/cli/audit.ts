/** `realtime-mint audit`: reads the records, and changes nothing. */
import { Misuse } from './arguments.ts'
import { CannotCheck, type Surroundings } from './audit-context.ts'
import { runQuery } from './audit-query.ts'
import { EXIT_UNCHECKED, runVerify } from './audit-verify.ts'

/** Of sysexits.h. */
const EXIT_USAGE = 64

const USAGE = `Usage: realtime-mint audit verify [--anchors LOG] [--json]
       realtime-mint audit query [FILTER...] [--json]

Both read AUDIT_DIR and change nothing; the service may run. They need none of its other settings.

  --dir DIR            the directory, in place of AUDIT_DIR
  --key-file FILE      the audit key, in place of AUDIT_KEY_FILE; may be repeated where keys have changed
  --json               for programs

verify tells whether the records are those that were written, and all of them:
  --anchors LOG        a log of the service, for its "audit anchor" lines; - reads it from the input. Without it, a
                       cut at the end of the newest file does not show
Exit code: 0 whole, 1 tampered, 2 torn by a crash and vouched for, 3 cannot check.

query shows records, the newest first; it does not verify them. A filter that is repeated takes any of its values:
  --since TIME, --until TIME    15m, 1h, 7d (ago), or 2026-11-22T10:00:00Z
  --outcome issued|refused|failed
  --code CODE, --reason REASON, --preset NAME, --origin ORIGIN, --event EVENT
  --caller SUBJECT, --address IP, --secret SECRET
                       as they are, or as the records have them; --secret - reads the secret from the input
  --request-id ID      or its beginning
  --limit N            50 on a terminal; 0 shows all
  --oldest-first
Exit code: 0, also if nothing matches; 3 cannot read, or has not the key; 64 for what is not understood.
`

const commands: ReadonlyMap<
  string,
  (args: readonly string[], surroundings: Surroundings) => Promise<number>
> = new Map([
  ['verify', runVerify],
  ['query', runQuery],
])

/** Runs what stands behind `realtime-mint audit`; the exit code. */
export async function runAudit(
  [name, ...args]: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { write, note } = surroundings
  const isHelp = [name, ...args].some((arg) => arg === '--help' || arg === '-h')
  const run = name === undefined ? undefined : commands.get(name)
  if (isHelp) {
    await write(USAGE)
    return 0
  }
  if (name === undefined || run === undefined) {
    note(USAGE)
    return EXIT_USAGE
  }
  try {
    return await run(args, surroundings)
  } catch (error) {
    if (error instanceof Misuse) {
      note(`realtime-mint audit ${name} ${error.message}\n`)
      return EXIT_USAGE
    }
    if (!(error instanceof CannotCheck)) throw error
    if (args.includes('--json'))
      await write(`${JSON.stringify({ verdict: 'unchecked', problem: error.problem })}\n`)
    note(`realtime-mint audit ${name}: ${error.message}\n`)
    return EXIT_UNCHECKED
  }
}
