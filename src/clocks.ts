/** The two clocks. Only the code that composes a program imports them; the rest gets them passed. */

/** Milliseconds since the process started. Never goes back. */
export const monotonicNow = (): number => performance.now()

/** Milliseconds since 1970. Goes back when the system's clock is set. */
export const unixNow = (): number => Date.now()
