import handlers from 'ioredis/built/DataHandler.js'

/**
 * Makes ioredis treat a reply that it cannot use like any other protocol error: it reconnects.
 *
 * ioredis throws such errors in the next tick, where they end the process: for a push without a type, or for null as a
 * reply to no command. Thrown at once, they reach the ioredis handler that reconnects.
 */
export function useStrictReplies(): void {
  Object.defineProperty(handlers.default.prototype, 'dispatch', { value: (pass: () => void) => pass() })
}
