/** `realtime-mint audit`: reads the records, and changes none. */
import { Misuse, toUnknownCommand } from './arguments.ts'
import { toCannotCheck } from './audit-context.ts'
import { runQuery } from './audit-query.ts'
import { runStats } from './audit-stats.ts'
import { EXIT_UNCHECKED, runVerify } from './audit-verify.ts'
import type { Command } from './command.ts'
import { EXIT_USAGE } from './exit.ts'

const USAGE = `Usage: realtime-mint audit verify [-] [--anchors LOG] [--json]
       realtime-mint audit query [-] [FILTER...] [--oldest-first] [--json]
       realtime-mint audit stats [-] [--by FIELD[,FIELD]] [FILTER...] [--json]

They read AUDIT_DIR, also while the service runs. They need none of its other settings.

  -                    instead of a directory, read a log from the input, with the records that AUDIT_COPY_TO_LOG
                       printed. The log may be wrapped by a platform, in any order, and have lines twice
  --dir DIR            the directory, instead of AUDIT_DIR
  --key-file FILE      the audit key, instead of AUDIT_KEY_FILE; may be repeated if keys have changed
  --json               for programs

verify checks that no record was changed, added or removed:
  --anchors LOG        a log of the service, for its "audit anchor" lines; - reads it from the input. Without it, a
                       cut at the end of the newest file cannot be seen
Exit code: 0 intact, 1 tampered, 2 torn by a crash or a full disk, 3 cannot check.

query shows records, the newest first; it does not verify them. stats counts attempts:
  --by FIELD           hour, day, outcome (the default), code, reason, preset, origin, caller, address, model or
                       upstream_status; two fields with a comma
  Beyond ten a minute, refusals have no records of their own, but exact counts. stats includes these counts. They
  have a time (the start of the minute), an outcome, a code, a reason, and the five most frequent addresses of each
  minute. Their other fields are unknown: they are shown as -, and a filter on such a field leaves them out.
query and stats keep an index in AUDIT_DIR, index.sqlite. It can be removed at any time.

Filters; one that is repeated accepts any of its values:
  --since TIME, --until TIME    15m, 1h, 7d (ago), or 2026-11-22T10:00:00Z
  --outcome issued|refused|failed
  --code CODE, --reason REASON, --status HTTP_STATUS, --event EVENT, --preset NAME, --origin ORIGIN
  --caller SUBJECT, --address IP, --secret SECRET
                       in plain text, or as the records have them; --secret - reads the secret from the input
  --request-id ID      or its beginning
  --limit N            default: 50 records in a terminal, otherwise all; 0 means all
Exit code: 0, also if nothing matches; 3 cannot read, or the key is missing; 64 invalid options.
`

const commands: ReadonlyMap<string, Command> = new Map([
  ['verify', runVerify],
  ['query', runQuery],
  ['stats', runStats],
])

/** `realtime-mint audit` */
export const runAudit: Command = async (given, context) => {
  const { write, note } = context
  const [name = '', ...args] = given
  if (given.some((arg) => arg === '--help' || arg === '-h')) {
    await write(USAGE)
    return 0
  }
  const run = commands.get(name)
  if (run === undefined) {
    note(name === '' ? USAGE : toUnknownCommand('realtime-mint audit', name, [...commands.keys()]))
    return EXIT_USAGE
  }
  try {
    return await run(args, context)
  } catch (error) {
    if (error instanceof Misuse) {
      note(`realtime-mint audit ${name} ${error.message}\n`)
      return EXIT_USAGE
    }
    const { problem, message } = toCannotCheck(error)
    if (args.includes('--json')) await write(`${JSON.stringify({ verdict: 'unchecked', problem })}\n`)
    note(`realtime-mint audit ${name}: ${message}\n`)
    return EXIT_UNCHECKED
  }
}
