/** Prints what CHANGELOG.md says about the version of a tag. Fails if tag, package.json and CHANGELOG.md disagree. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const readText = (name: string): string => readFileSync(join(ROOT, name), 'utf8')

function toNotes(tag: string): string {
  const { version } = JSON.parse(readText('package.json'))
  if (tag !== `v${version}`) throw new Error(`package.json has version ${version}, so the tag is v${version}`)
  const sections = readText('CHANGELOG.md').split(/^## /m)
  const section = sections.find((text) => text.startsWith(`${version}\n`))
  if (section === undefined) throw new Error(`CHANGELOG.md has no section ${version}`)
  if (!section.includes('\n### Upgrading\n'))
    throw new Error(`CHANGELOG.md has no upgrade note for ${version}`)
  return section.slice(section.indexOf('\n')).trim()
}

try {
  console.log(toNotes(process.argv[2] ?? ''))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
