/** The `.env` file in the working directory. */
import { parseEnv } from 'node:util'
import { ConfigError } from '../problems.ts'
import { FileError, readSmallFileSync } from '../read-file.ts'
import { toSuggestion } from './names.ts'

export interface DotEnv {
  readonly values: Readonly<Record<string, string | undefined>>
  readonly warnings: readonly string[]
}

/** Read by docker-compose.yml, from the same file. */
const ofCompose: ReadonlySet<string> = new Set([
  'LOCAL_DIR',
  'PUBLISH_ADDRESS',
  'PUBLISH_PORT',
  'SITE_ADDRESS',
])

function toWarnings(text: string, names: readonly string[], known: readonly string[]): readonly string[] {
  const strange = names.filter(
    (name) => !known.includes(name) && !ofCompose.has(name) && !name.startsWith('COMPOSE_'),
  )
  const unknown = strange.map((name) => {
    if (name.startsWith('NODE_')) {
      return `.env: ${name} has no effect, because Node reads it before this file. Set it in the environment`
    }
    const near = toSuggestion(name, known)
    return `.env: ${name} is not a setting${near === undefined ? ' and has no effect' : `. Did you mean ${near}?`}`
  })
  const cut = [...text.matchAll(/^\s*(?:export\s+)?(\w+)\s*=\s*[^\s"'`#][^"'`#\n]*(?<=\S)#/gm)].map(
    ([, name = '']) => `.env: the value of ${name} ends before its "#". Put the value in quotes`,
  )
  return [...unknown, ...cut, ...toLineWarnings(text)]
}

/** Lines that set nothing, and lines that a later one overrides. */
function toLineWarnings(text: string): readonly string[] {
  // A value in quotes may have several lines, which are not settings. They still count.
  const withoutQuoted = text.replace(
    /=[ \t]*(["'`])[\s\S]*?\1/g,
    (value) => `=${value.replace(/[^\n]/g, '')}`,
  )
  const lines = withoutQuoted.split('\n').map((line) => line.trim())
  const names = lines.map((line) => /^(?:export\s+)?(\w+)\s*=/.exec(line)?.[1])
  return lines.flatMap((line, index) => {
    if (line === '' || line.startsWith('#')) return []
    if (!line.includes('=')) return [`.env: line ${index + 1} has no effect. Write NAME=value`]
    const name = names[index]
    const isRepeated = name !== undefined && names.indexOf(name) < index
    return isRepeated ? [`.env: ${name} is set more than once. The last line counts`] : []
  })
}

/** Empty where there is no file. Throws a ConfigError where it cannot be read. `known` are the names of all settings. */
export function readDotEnv(known: readonly string[], path = '.env'): DotEnv {
  try {
    const content = readSmallFileSync(path)
    if (content.includes(0) || (content[0] === 0xff && content[1] === 0xfe)) {
      throw new ConfigError(['.env: is in UTF-16. Save it as UTF-8'])
    }
    const text = content.toString('utf8').replace(/^\ufeff/, '')
    const values = parseEnv(text)
    return { values, warnings: toWarnings(text, Object.keys(values), known) }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    if (error.code === 'ENOENT') return { values: {}, warnings: [] }
    throw new ConfigError([`.env: the file ${error.message}`])
  }
}
