/** Lets no address start more than a few requests per turn of the event loop: the rest wait for the next turns. */

/** About 2 ms of work. */
const MAX_STARTED = 16

/** What one address has started in this turn, and what waits. */
export interface Turn {
  started: number
  readonly waiting: (() => unknown)[]
}

export interface FairTurns {
  readonly create: () => Turn
  /** Starts `work` now or in a later turn, in order. */
  readonly take: (turn: Turn, work: () => unknown) => void
}

export function createFairTurns(): FairTurns {
  const busy = new Set<Turn>()

  function begin(turn: Turn, work: () => unknown): void {
    if (busy.size === 0) setImmediate(endTurn)
    busy.add(turn)
    turn.started += 1
    work()
  }

  function endTurn(): void {
    const turns = [...busy]
    busy.clear()
    for (const turn of turns) {
      turn.started = 0
      for (const work of turn.waiting.splice(0, MAX_STARTED)) begin(turn, work)
    }
  }

  return {
    create: () => ({ started: 0, waiting: [] }),
    take: (turn, work) => {
      if (turn.started < MAX_STARTED) begin(turn, work)
      else turn.waiting.push(work)
    },
  }
}
