/** A value that is read from a file, and read anew when the file changes. */
import { type Stats, unwatchFile, watchFile } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

export type Loaded<Value, Refusal> = { readonly value: Value } | { readonly refused: Refusal }

export interface LiveFileOptions<Value, Refusal> {
  readonly path: string
  readonly initial: Value
  /** Reads and checks the file anew. */
  readonly load: () => Promise<Loaded<Value, Refusal>>
  /** Told when another value is in force. */
  readonly onReplaced: (value: Value) => void
  /** Told why the last good value stays. */
  readonly onRefused: (refusal: Refusal) => void
}

export interface Watched<Value> {
  /** Whole: who takes it once sees one state of the file. */
  readonly current: () => Value
  /** Resolves when the file has been read and either taken over or refused. */
  readonly reload: () => Promise<void>
  readonly close: () => void
}

/** By asking, not by events: it follows symlinks, as orchestrators swap them, and works on every file system. */
const WATCH_MS = 2_000
/** A file that was written to within this time may be half-written. */
const SETTLE_MS = 250

async function settle(path: string): Promise<void> {
  const { mtimeMs, size } = await stat(path)
  await delay(SETTLE_MS)
  const later = await stat(path)
  if (later.mtimeMs !== mtimeMs || later.size !== size) await settle(path)
}

/** Begins to watch `path`; close() ends that. A file that is gone or bad changes nothing. */
export function createWatchedFile<Value, Refusal>(options: LiveFileOptions<Value, Refusal>): Watched<Value> {
  const { path, load, onReplaced, onRefused } = options
  let value = options.initial
  let last = Promise.resolve()

  async function take(): Promise<void> {
    const loaded = await load()
    if ('refused' in loaded) return onRefused(loaded.refused)
    if (loaded.value === value) return
    value = loaded.value
    onReplaced(value)
  }

  /** One after the other, so that an older reading never replaces a newer one. */
  function reload(): Promise<void> {
    last = last.then(take)
    return last
  }

  const onChange = (now: Stats, before: Stats): void => {
    if (now.ino === before.ino && now.mtimeMs === before.mtimeMs && now.size === before.size) return
    void settle(path).then(reload, reload)
  }

  watchFile(path, { interval: WATCH_MS, persistent: false }, onChange)
  return { current: () => value, reload, close: () => unwatchFile(path, onChange) }
}

/** A value that no file holds. */
export const createFixed = <Value>(value: Value): Watched<Value> => ({
  current: () => value,
  reload: () => Promise.resolve(),
  close: () => undefined,
})
