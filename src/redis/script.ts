import { hash } from 'node:crypto'

/** One hash tag, so that all keys of a script are in one slot of a cluster. An ACL can allow `{realtime-mint}:*`. */
export const KEY_PREFIX = '{realtime-mint}:'

export interface Script {
  readonly text: string
  readonly sha: string
}

export const toScript = (text: string): Script => ({ text, sha: hash('sha1', text) })
