import type { CommandContext } from './command.ts'

const QUIET_MS = 500
const INTERVAL_MS = 200
const CLEAR = '\r\u001b[K'

/** The progress of a long read, in a terminal. A short read shows none. */
export function createProgress({ note, now, isNoteTerminal }: CommandContext) {
  const startedAt = now()
  let shownAt: number | undefined
  return {
    show: (bytes: number, total: number): void => {
      const time = now()
      if (!isNoteTerminal || time - startedAt < QUIET_MS || time - (shownAt ?? 0) < INTERVAL_MS) return
      shownAt = time
      const percent = total === 0 ? 100 : Math.floor((100 * bytes) / total)
      note(`${CLEAR}${percent} % of ${Math.ceil(total / 1_000_000)} MB read`)
    },
    /** Before anything else is printed. */
    clear: (): void => {
      if (shownAt !== undefined) note(CLEAR)
      shownAt = undefined
    },
  }
}
