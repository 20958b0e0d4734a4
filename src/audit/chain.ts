/** The chain of a file: each line is sealed with the one before it. For those who write it and those who verify it. */
import type { KeyObject } from 'node:crypto'
import { hmac } from '../secret.ts'

/** A line's place in the chain, as later lines and files name it. */
export interface Head {
  readonly seq: number
  /** 64 hex. */
  readonly mac: string
}

export interface SealedLine {
  /** With its newline. */
  readonly line: string
  readonly mac: string
}

/**
 * Seals a line whose bytes so far are `open`: an object in ASCII, not closed yet. Its `mac` is the HMAC-SHA256 of all
 * bytes before it, and so of `prev`, the mac of the line before; null in a file's first line.
 */
export function sealLine(open: string, prev: string | null, key: KeyObject): SealedLine {
  const sealed = `${open},"prev":${prev === null ? 'null' : `"${prev}"`}`
  const mac = hmac(key, sealed)
  return { line: `${sealed},"mac":"${mac}"}\n`, mac }
}
