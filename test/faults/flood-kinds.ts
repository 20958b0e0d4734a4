/** What one address can do with its connections. */
export const floodKinds = [
  'pipelined requests, never read',
  'pipelined bodies, never read',
  'eight requests at a time, never read',
  'one request after the other',
  'new connections',
  'bytes that are no HTTP',
  'chunk extensions',
  'headers a byte a second',
  'bodies a byte a second',
  'idle connections',
] as const

export type FloodKind = (typeof floodKinds)[number]

export const isFloodKind = (text: string): text is FloodKind => floodKinds.some((kind) => kind === text)
