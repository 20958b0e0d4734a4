/** A value that is read from a file, and read again when the file changes. */
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from './errors.ts'

export type Loaded<Value, Refusal> = { readonly value: Value } | { readonly refused: Refusal }

type ReloadOutcome = 'changed' | 'unchanged' | 'refused' | 'not a file'

export interface WatchedFileOptions<Value, Refusal> {
  readonly path: string
  readonly initial: Value
  /** Reads and checks the file again. Must not reject. */
  readonly load: () => Promise<Loaded<Value, Refusal>>
  readonly isSame: (one: Value, other: Value) => boolean
  /** Called when the file is valid, changed or not. */
  readonly onValid: () => void
  /** Called when another value is in effect. */
  readonly onReplaced: (value: Value) => void
  /** Called with the reason why the last valid value stays in effect. */
  readonly onRefused: (refusal: Refusal) => void
}

export interface Watched<Value> {
  /** One consistent state of the file: read it once per request. */
  readonly current: () => Value
  /** Resolves when the file has been read and its value is either in effect or refused. */
  readonly reload: () => Promise<ReloadOutcome>
  readonly close: () => void
}

/** Polling follows the symlinks that orchestrators swap, works on every file system and needs no inotify watch. */
const POLL_MS = 2_000
/** A file that changed within this time may be half-written. */
const SETTLE_MS = 250

/** Changes when the file is written, replaced, removed, or turned into something else. */
async function toVersion(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    return codeOf(error) ?? 'unknown'
  }
}

/** Starts to watch `path`; close() ends that. A missing or invalid file changes nothing. */
export function createWatchedFile<Value, Refusal>(
  options: WatchedFileOptions<Value, Refusal>,
): Watched<Value> {
  const { path, load, isSame, onValid, onReplaced, onRefused } = options
  const closing = new AbortController()
  let value = options.initial
  let last: Promise<ReloadOutcome> = Promise.resolve('unchanged')

  async function loadOnce(): Promise<ReloadOutcome> {
    const loaded = await load()
    if ('refused' in loaded) {
      onRefused(loaded.refused)
      return 'refused'
    }
    onValid()
    if (isSame(loaded.value, value)) return 'unchanged'
    value = loaded.value
    onReplaced(value)
    return 'changed'
  }

  /** One load after the other: an older read never replaces a newer one, and a file that hangs blocks one thread. */
  function reload(): Promise<ReloadOutcome> {
    last = last.then(loadOnce)
    return last
  }

  const pause = (ms: number): Promise<void> => delay(ms, undefined, { ref: false, signal: closing.signal })

  async function watch(): Promise<void> {
    for (let seen = await toVersion(path); ; ) {
      await pause(POLL_MS)
      let version = await toVersion(path)
      if (version === seen) continue
      while (version !== seen) {
        seen = version
        await pause(SETTLE_MS)
        version = await toVersion(path)
      }
      await reload()
    }
  }

  watch().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error
  })
  return { current: () => value, reload, close: () => closing.abort() }
}

/** A value that does not come from a file. */
export const createFixed = <Value>(value: Value): Watched<Value> => ({
  current: () => value,
  reload: () => Promise.resolve('not a file'),
  close: () => undefined,
})
