/** `realtime-mint pause`, `resume` and `pauses`: stop minting, go on, and show what is paused. */
import { isNote, MAX_NOTE_LENGTH, type PauseEntry, parsePauseDuration, type Scoped } from '../pauses/pause.ts'
import { type Stored, toStoredReply } from '../pauses/pauses.ts'
import { Misuse, parseArguments } from './arguments.ts'
import { CannotCheck } from './audit-context.ts'
import { type Command, type CommandContext, toJson } from './command.ts'
import { checkName, parseScope, refuseOperand, scopeOptions } from './pause-scope.ts'
import { noteFaults, openPauseStore } from './pause-store.ts'

const EXIT_NOT_PAUSED = 1
const EXIT_NOT_STORED = 3

/** Throws a Misuse. */
function parseFor(text: string | undefined): number | null {
  if (text === undefined) return null
  const ms = parsePauseDuration(text)
  if (ms === undefined) throw new Misuse('takes --for like 15m, 1h or 7d, up to a year.')
  return ms
}

/** Throws a Misuse. */
function parseNote(text: string | undefined): string | null {
  if (text === undefined || isNote(text)) return text ?? null
  throw new Misuse(`takes --note as one line of up to ${MAX_NOTE_LENGTH} printable characters.`)
}

const toTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

const toEnd = (until: number | null): string => (until === null ? 'has no end' : `ends ${toTime(until)}`)

const toName = ({ scope, value }: Scoped): string => (value === null ? 'all mints' : `${scope} ${value}`)

const toOption = ({ scope, value }: Scoped): string => (value === null ? '--all' : `--${scope} ${value}`)

const APPLIED = 'Services that run with these settings apply it within a second.'

/** Why services do not know of it; undefined where all can. */
function findStorageProblem({ filesFault, redisFault }: Stored): string | undefined {
  if (filesFault !== null && redisFault !== null) {
    const redis = redisFault === undefined ? '' : `, and Redis is unavailable (${redisFault})`
    return `AUDIT_DIR cannot be written (${filesFault})${redis}: no service knows of it. Run this as the user of the service, with its settings`
  }
  return typeof redisFault === 'string'
    ? `Redis is unavailable (${redisFault}): only services that use this AUDIT_DIR know of it. They share it when Redis is back`
    : undefined
}

/** Says what was stored, to people as `text`. Returns the exit code. */
async function report(
  name: 'pause' | 'resume',
  { stored, json, text }: { readonly stored: Stored; readonly json: boolean; readonly text: string },
  { write, note }: CommandContext,
): Promise<number> {
  const problem = findStorageProblem(stored)
  if (json) await write(toJson(toStoredReply(stored)))
  else if (problem === undefined) await write(text)
  if (problem === undefined) return 0
  note(`realtime-mint ${name}: ${problem}.\n`)
  return EXIT_NOT_STORED
}

/** A command that may lack what it needs: the pauses, or the key for a caller in plain text. */
const withStore =
  (command: Command): Command =>
  async (args, context) => {
    try {
      return await command(args, context)
    } catch (error) {
      if (!(error instanceof CannotCheck)) throw error
      const advice = 'A caller in plain text needs the audit key. Set AUDIT_KEY_FILE, or give the pseudonym'
      context.note(`${error.problem === 'key_missing' ? advice : error.message}.\n`)
      return EXIT_NOT_STORED
    }
  }

/** `realtime-mint pause` */
export const runPause = withStore(async (args, context) => {
  const { environment } = context
  const options = { ...scopeOptions, for: { type: 'string' }, note: { type: 'string' } } as const
  const { values, operand } = parseArguments(args, options, { maxOperands: Infinity })
  refuseOperand(operand)
  const { json, for: duration, note, ...given } = values
  const wanted = { forMs: parseFor(duration), note: parseNote(note), by: 'command line' } as const
  const scoped = await parseScope(given, environment)
  await checkName(scoped, environment)
  const { pauses, close } = await openPauseStore(context)
  const stored = await pauses.pause({ ...scoped, ...wanted }).finally(close)
  if (stored === 'too_many')
    throw new Misuse('finds 100 pauses in effect. Resume some of them, or pause --all.')
  const end = toEnd(pauses.list().find((entry) => toName(entry) === toName(scoped))?.until ?? null)
  const how = `realtime-mint resume ${toOption(scoped)} ends it.`
  const text = `Paused: ${toName(scoped)}. The pause ${end}. ${APPLIED}\n${how}\n`
  return report('pause', { stored, json, text }, context)
})

/** `realtime-mint resume` */
export const runResume = withStore(async (args, context) => {
  const { environment, note } = context
  const { values, operand } = parseArguments(args, scopeOptions, { maxOperands: Infinity })
  refuseOperand(operand)
  const { json, ...given } = values
  const scoped = await parseScope(given, environment)
  const { pauses, close } = await openPauseStore(context, { mustExist: true })
  const stored = await pauses.resume({ ...scoped, by: 'command line' }).finally(close)
  const others = pauses.list().map((entry) => `  ${toName(entry)}, ${toEnd(entry.until)}\n`)
  const rest = others.length === 0 ? '' : `Still paused:\n${others.join('')}`
  if (stored === 'not_paused') {
    const what = scoped.scope === 'all' ? 'all mints' : `this ${scoped.scope}`
    note(`realtime-mint resume: there is no pause of ${what}.\n${rest}`)
    return EXIT_NOT_PAUSED
  }
  return report('resume', { stored, json, text: `Resumed: ${toName(scoped)}. ${APPLIED}\n${rest}` }, context)
})

function toLines({ at, until, by, note, ...scoped }: PauseEntry): string {
  const about = note === null ? '' : `  ${note}\n`
  return `${toName(scoped)}\n  since ${toTime(at)} by ${by}, ${toEnd(until)}\n${about}`
}

const toListed = ({ scope, value, at, until, by, note }: PauseEntry): object => {
  const [since, end] = [at, until].map((ms) => (ms === null ? null : new Date(ms).toISOString()))
  return { scope, value, since, until: end, by, note }
}

/** `realtime-mint pauses` */
export const runPauses: Command = withStore(async (args, context) => {
  const { write, note } = context
  const { json } = parseArguments(args, { json: scopeOptions.json }).values
  const { pauses, found, close } = await openPauseStore(context, { isReadOnly: true, mustExist: true })
  close()
  const isComplete = noteFaults(found, note)
  const entries = pauses.list()
  if (json) await write(toJson({ pauses: entries.map(toListed) }))
  else await write(entries.length === 0 ? 'Nothing is paused.\n' : entries.map(toLines).join(''))
  return isComplete ? 0 : EXIT_NOT_STORED
})
