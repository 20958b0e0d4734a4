import type { Surroundings } from './audit-context.ts'

export interface Progress {
  readonly show: (bytes: number, total: number) => void
  /** Before anything else is said. */
  readonly clear: () => void
}

const PATIENCE_MS = 500
const EVERY_MS = 200
const CLEAR = '\r\u001b[K'

/** How far a long read has come; for people at a terminal, and only once they wait. */
export function createProgress({ note, now, isNoteTerminal }: Surroundings): Progress {
  const startedAt = now()
  let shownAt: number | undefined
  return {
    show: (bytes, total) => {
      const time = now()
      if (!isNoteTerminal || time - startedAt < PATIENCE_MS || time - (shownAt ?? 0) < EVERY_MS) return
      shownAt = time
      const percent = total === 0 ? 100 : Math.floor((100 * bytes) / total)
      note(`${CLEAR}${percent} % of ${Math.ceil(total / 1_000_000)} MB read`)
    },
    clear: () => {
      if (shownAt !== undefined) note(CLEAR)
      shownAt = undefined
    },
  }
}
