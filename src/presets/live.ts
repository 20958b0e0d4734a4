/** The catalog in force, and its replacement while the service runs. */
import { type Stats, unwatchFile, watchFile } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, ParseResult } from './catalog.ts'
import type { Problem } from './problem.ts'

export interface LiveCatalogOptions {
  readonly path: string
  readonly initial: Catalog
  /** Reads and checks the file anew. */
  readonly load: () => Promise<ParseResult>
  /** Told when another catalog is in force. */
  readonly onReplaced: (catalog: Catalog) => void
  /** Told why the last good catalog stays. */
  readonly onRefused: (problems: readonly Problem[]) => void
}

export interface LiveCatalog {
  /** Whole: a request that takes it once sees one revision. */
  readonly current: () => Catalog
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
export function createLiveCatalog(options: LiveCatalogOptions): LiveCatalog {
  const { path, load, onReplaced, onRefused } = options
  let catalog = options.initial
  let last = Promise.resolve()

  async function take(): Promise<void> {
    const loaded = await load()
    if ('problems' in loaded) {
      onRefused(loaded.problems)
    } else {
      catalog = loaded.catalog
      onReplaced(catalog)
    }
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
  return { current: () => catalog, reload, close: () => unwatchFile(path, onChange) }
}
