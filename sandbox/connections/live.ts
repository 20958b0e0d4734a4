/** The connections that are open, and how they end. */
import { type Refusal, refuse } from '../refusal.ts'

export interface LiveConnections {
  /** The refusal of one more, if there are too many. */
  readonly checkRoom: () => Refusal | undefined
  readonly add: (id: string, end: () => void) => void
  readonly remove: (id: string) => void
  /** Ends one. False if there is none of that id. */
  readonly end: (id: string) => boolean
  readonly endAll: () => void
}

const MAX_CONNECTIONS = 32

export function createLiveConnections(): LiveConnections {
  const ends = new Map<string, () => void>()
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
      end?.()
      return end !== undefined
    },
    endAll: () => {
      for (const end of ends.values()) end()
    },
  }
}
