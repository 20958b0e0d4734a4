/** Writers on real directories, and a reader of their files that shares no code with them. */
import { createHmac, hkdfSync } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { type Anchor, Anchors } from '../../src/audit/anchors.ts'
import type { Durability } from '../../src/audit/file.ts'
import { AuditWriter } from '../../src/audit/writer.ts'
import { AUDIT_KEY, createTemporaryDirectory, type Defer } from '../support/service.ts'
import { keys } from './fields.ts'

export interface TestWriter {
  readonly writer: AuditWriter
  /** Its changes between available and not, in order. */
  readonly changes: readonly (readonly [available: boolean, cause: string | undefined])[]
  readonly anchors: readonly Anchor[]
}

export interface TestWriterOptions {
  readonly durability?: Durability
  /** Milliseconds. */
  readonly unixNow?: () => number
  readonly isRecordDue?: () => boolean
  readonly defer?: Defer
}

/** Ticks until the writer is available again: within 5 s of the end of a fault. */
export const recovery = (writer: AuditWriter, timeout = 5_000): Promise<void> =>
  vi.waitFor(
    () => {
      writer.tick()
      expect(writer.available).toBe(true)
    },
    { timeout, interval: 20 },
  )

/** Not open yet, and ticks only when a test calls it. */
export function createWriter(directory: string, options: TestWriterOptions = {}): TestWriter {
  const {
    durability = 'fsync',
    unixNow = Date.now,
    isRecordDue = () => false,
    defer = onTestFinished,
  } = options
  const changes: [boolean, string | undefined][] = []
  const printed: Anchor[] = []
  const anchors = new Anchors({ print: (anchor) => void printed.push(anchor), unixNow })
  const onChange = (available: boolean, cause: string | undefined): void =>
    void changes.push([available, cause])
  const writer = new AuditWriter({ directory, durability, keys, anchors, unixNow, isRecordDue, onChange })
  defer(() => writer.close())
  return { writer, changes, anchors: printed }
}

export async function openWriter(directory: string, options: TestWriterOptions = {}): Promise<TestWriter> {
  const created = createWriter(directory, options)
  await created.writer.open()
  return created
}

/** An open writer in a directory that it created, and readers of the directory. */
export async function startWriter(options: TestWriterOptions = {}) {
  const directory = join(await createTemporaryDirectory(options.defer), 'audit')
  const opened = await openWriter(directory, options)
  const files = (): Promise<readonly ReadFile[]> => readChains(directory)
  return { directory, files, events: async () => eventsOf(await files()), ...opened }
}

export interface ReadLine {
  readonly seq: number
  readonly event: string
  readonly writer: string
  readonly mac: string
  readonly detail: unknown
  readonly [field: string]: unknown
}

export interface ReadFile {
  readonly name: string
  readonly lines: readonly ReadLine[]
  /** After the last newline. */
  readonly torn: string
}

const chainKey = Buffer.from(hkdfSync('sha256', AUDIT_KEY, '', 'realtime-mint audit chain', 32))

/** The lines of a file; checks that each is printable ASCII, sealed over its bytes, and follows the one before. */
function checkChain(name: string, text: string): ReadFile {
  const pieces = text.split('\n')
  const torn = pieces.pop() ?? ''
  let before: ReadLine | undefined
  const lines = pieces.map((piece) => {
    expect(piece).toMatch(/^[\x20-\x7e]+,"prev":(null|"[0-9a-f]{64}"),"mac":"[0-9a-f]{64}"\}$/)
    const line: ReadLine = JSON.parse(piece)
    const mac = createHmac('sha256', chainKey).update(piece.slice(0, -74)).digest('hex')
    expect([line.mac, line['prev'], line.seq]).toStrictEqual([
      mac,
      before?.mac ?? null,
      before === undefined ? line.seq : before.seq + 1,
    ])
    before = line
    return line
  })
  return { name, lines, torn }
}

/** All files of a directory, oldest first, with their chains checked; without those whose names start with `ignored`. */
export async function readChains(directory: string, ignored?: string): Promise<readonly ReadFile[]> {
  const names = (await readdir(directory))
    .filter((name) => /^audit-.*\.jsonl$/.test(name) && (ignored === undefined || !name.startsWith(ignored)))
    .toSorted()
  return Promise.all(
    names.map(async (name) => checkChain(name, await readFile(join(directory, name), 'latin1'))),
  )
}

/** The head of a file, as another file names it. */
export function headOf({ name, lines }: ReadFile) {
  const { seq = null, mac = null } = lines.at(-1) ?? {}
  return { file: name, seq, mac }
}

/** The events of each file. */
export const eventsOf = (files: readonly ReadFile[]): string[][] =>
  files.map(({ lines }) => lines.map(({ event }) => event))

export const linesIn = async (directory: string): Promise<readonly ReadLine[]> =>
  (await readChains(directory)).flatMap(({ lines }) => lines)
