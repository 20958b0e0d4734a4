/** Audits as a service writes them, built line by line so that tests can change them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Head, sealLine } from '../../src/audit/format.ts'
import { type AuditKeys, deriveAuditKeys } from '../../src/audit/keys.ts'
import { toAscii } from '../../src/audit/record.ts'
import { Secret } from '../../src/secret.ts'
import { attemptFields, keys } from '../audit/fields.ts'
import { createTemporaryDirectory } from '../support/service.ts'

export const otherKeys = deriveAuditKeys(new Secret('another audit key, of another service'))

type Named = { readonly file: string } & { readonly [name in keyof Head]: Head[name] | null }

export interface ChainOptions {
  /** Of 2026-11-22, when the file is opened. */
  readonly minute?: number
  readonly writer?: string
  /** Of its first line. */
  readonly seq?: number
  readonly keys?: AuditKeys
}

/** The writers of most tests. */
export const A = 'a'.repeat(16)
export const B = 'b'.repeat(16)

const toTime = (minute: number, seq = 0): string =>
  new Date(Date.UTC(2026, 10, 22) + minute * 60_000 + seq * 10).toISOString()

const blank = Object.fromEntries(Object.keys(attemptFields).map((name) => [name, null]))

/** One file. */
export class Chain {
  readonly name: string
  readonly lines: string[] = []
  /** After the last line. */
  torn = ''
  readonly #minute: number
  readonly #writer: string
  readonly #keys: AuditKeys
  #seq: number
  #prev: string | null = null

  constructor({ minute = 0, writer = A, seq = 0, keys: own = keys }: ChainOptions = {}) {
    this.#minute = minute
    this.#writer = writer
    this.#seq = seq
    this.#keys = own
    this.name = `audit-${toTime(minute).replaceAll(/[-:.]/g, '')}-${writer}.jsonl`
  }

  /** Its last line. */
  get head(): Head {
    return { seq: this.#seq - 1, mac: this.#prev ?? '' }
  }

  get named(): Named {
    return { file: this.name, ...this.head }
  }

  get text(): string {
    return this.lines.join('') + this.torn
  }

  add(event: string, fields: object = {}, version = 1): this {
    const record = {
      v: version,
      time: toTime(this.#minute, this.#seq),
      writer: this.#writer,
      seq: this.#seq,
      ...blank,
      event,
      ...fields,
    }
    const open = toAscii(JSON.stringify(record)).slice(0, -1)
    const { line, mac } = sealLine(open, this.#prev, this.#keys.chain)
    this.lines.push(line)
    this.#prev = mac
    this.#seq += 1
    return this
  }

  open(...heads: readonly Named[]): this {
    return this.add('open', { detail: { file: this.name, key: this.#keys.id, heads } })
  }

  attempts(count: number, fields: object = {}): this {
    for (let ms = 0; ms < count; ms += 1) this.add('attempt', { ...attemptFields, ms, ...fields })
    return this
  }

  close(cause = 'stopped'): this {
    return this.add('close', { detail: { cause } })
  }

  recovered(file: Named, torn: string): this {
    return this.add('recovered', { detail: { ...file, torn_bytes: torn.length } })
  }

  gap(file: Named): this {
    return this.add('gap', { detail: { ...file, cause: 'ENOSPC', lost: 1 } })
  }

  removed(file: Named): this {
    return this.add('removed', { detail: file })
  }

  /** The anchor of its last line, as a log line. */
  get anchor(): string {
    const { file, seq, mac } = this.named
    const time = toTime(this.#minute, this.#seq)
    return `${JSON.stringify({ level: 'info', time, writer: this.#writer, file, seq, mac, msg: 'audit anchor' })}\n`
  }
}

/** Files by name, as bytes or in Latin-1. */
export type Files = Readonly<Record<string, string | Buffer>>

export const toFiles = (...chains: readonly Chain[]): Files =>
  Object.fromEntries(chains.map(({ name, text }) => [name, text]))

/** Writes them into a new directory, or into `directory`. */
export async function writeFiles(files: Files, directory?: string): Promise<string> {
  const target = directory ?? (await createTemporaryDirectory())
  await mkdir(target, { recursive: true })
  await Promise.all(
    Object.entries(files).map(([name, content]) =>
      writeFile(join(target, name), typeof content === 'string' ? Buffer.from(content, 'latin1') : content),
    ),
  )
  return target
}
