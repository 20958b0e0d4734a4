import { hash } from 'node:crypto'

/** One hash tag, so that all keys of a script are in one slot of a cluster. An ACL can allow `{realtime-mint}:*`. */
export const KEY_PREFIX = '{realtime-mint}:'

export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * A script that returns its last argument together with its result. Redis matches replies to commands by their order alone, so
 * a reply that is lost or repeated on the way would give each caller the decision of another one.
 */
export function toScript(body: string): Script {
  const text = `local function run()\n${body}\nend\nreturn { ARGV[#ARGV], run() }`
  return { text, sha: hash('sha1', text) }
}
