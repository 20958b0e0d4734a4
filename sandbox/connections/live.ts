/** The connections that are open, and how they end. */
import { type Refusal, refuse } from '../refusal.ts'

type End = () => void | Promise<void>

export interface LiveConnections {
  /** The refusal of one more, if there are too many. */
  readonly checkRoom: () => Refusal | undefined
  readonly add: (id: string, end: End) => void
  readonly remove: (id: string) => void
  /** Ends one. False if there is none of that id. */
  readonly end: (id: string) => boolean
  readonly endAll: () => Promise<void>
}

const MAX_CONNECTIONS = 32

export function createLiveConnections(): LiveConnections {
  const ends = new Map<string, End>()
  return {
    checkRoom: () =>
      ends.size < MAX_CONNECTIONS
        ? undefined
        : refuse(
            429,
            'rate_limit_exceeded',
            `The sandbox has ${MAX_CONNECTIONS} connections. Close one first.`,
            {
              type: 'requests',
            },
          ),
    add: (id, end) => void ends.set(id, end),
    remove: (id) => void ends.delete(id),
    end: (id) => {
      const end = ends.get(id)
      void end?.()
      return end !== undefined
    },
    endAll: async () => {
      await Promise.all(Array.from(ends.values(), async (end) => end()))
    },
  }
}
