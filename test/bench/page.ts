// The figures in docs/performance.md: each bench owns one section of the page.
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../../docs/performance.md')

export interface Figures {
  /** The page has `<!-- NAME -->` and `<!-- end of NAME -->` around it. */
  readonly section: string
  readonly table: string
  readonly verdicts: readonly string[]
  /** Whether the page is changed. */
  readonly write: boolean
}

/** Prints the figures, and writes them into the page if wanted. */
export async function publish({ section, table, verdicts, write }: Figures): Promise<void> {
  console.log(`${table}\n\n${verdicts.join('\n')}`)
  if (!write) return
  const [start, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`]
  const page = await readFile(PAGE, 'utf8')
  const [from, to] = [page.indexOf(start), page.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no section ${section}`)
  const list = verdicts.map((verdict) => `- ${verdict}`).join('\n')
  const text = `${start}\n\n${table}\n\n${list}\n\n${toMachine()}\n\n`
  await writeFile(PAGE, page.slice(0, from) + text + page.slice(to))
}

/** What the figures depend on. */
function toMachine(): string {
  const all = cpus()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  const day = new Date().toISOString().slice(0, 10)
  const kernel = release().split('.', 2).join('.')
  return `Measured on ${day}: ${all.length} × ${all[0]?.model.trim() ?? 'unknown CPU'}, ${gibibytes} GiB, Linux ${kernel}, Node ${process.versions.node}.`
}
