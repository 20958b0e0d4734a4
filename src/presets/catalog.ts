/** The presets file becomes the catalog: the only door to a Preset. */
import { codeOf } from '../errors.ts'
import { FileError, readSmallFile } from '../read-file.ts'
import { type CheckedEntry, checkEntry, type Surroundings } from './check-entry.ts'
import { credentialPaths } from './credentials.ts'
import { MAX_PRESETS, presetsFrame } from './file-schema.ts'
import { type Finding, findingsOf, type Problem, toProblem } from './findings.ts'
import { isObject, type Path, valueAt } from './json.ts'
import { digest, type Preset } from './preset.ts'
import { runInSlices, type Slices } from './slices.ts'
import { parseYaml } from './yaml.ts'

export interface Catalog {
  /** 16 hex digits over everything that the file says of every preset. */
  readonly revision: string
  readonly presets: ReadonlyMap<string, Preset>
  readonly warnings: readonly Problem[]
}

export type ParseResult = { readonly catalog: Catalog } | { readonly problems: readonly Problem[] }

export interface ParseOptions extends Surroundings {
  /** As problems shall name it. */
  readonly fileName: string
  /** Has to be one of them. */
  readonly defaultPreset?: string | undefined
}

/**
 * Reads presets from YAML or JSON text: a catalog, or all of the text's problems in the order of its lines.
 * Throws nothing.
 */
export function* parsePresets(text: string, options: ParseOptions): Slices<ParseResult> {
  const document = yield* parseYaml(text)
  const problem = (finding: Finding): Problem =>
    toProblem(options.fileName, finding, document.locate(finding))
  if (document.syntax.length > 0) {
    return {
      problems: document.syntax.map(({ message, position }) =>
        toProblem(options.fileName, { path: [], message }, position),
      ),
    }
  }
  const input = valueAt(document.data, ['presets'])
  const entries = Object.entries(isObject(input) ? input : {}).slice(0, MAX_PRESETS)
  const checked: Named[] = []
  for (const [name, entry] of entries) {
    yield
    checked.push({
      name,
      entry,
      ...checkEntry(name, entry, options),
      credentials: credentialPaths(entry, ['presets', name]),
    })
  }
  const problems = [
    ...document.problems,
    ...(document.data === null
      ? [{ path: [], message: 'is empty' }]
      : findingsOf(presetsFrame, document.data)),
    ...(isObject(input) && entries.length === 0 ? [{ path: ['presets'], message: 'names no preset' }] : []),
    ...(isMissing(options.defaultPreset, input) ? [{ path: ['presets'], message: missingDefault }] : []),
    ...checked.flatMap(({ name, problems: found }) => under(name, found)),
    ...[
      ...credentialPaths(withoutEntries(document.data)),
      ...checked.flatMap(({ credentials }) => credentials),
    ].map((path) => ({ path, message: credentialMessage })),
  ]
  if (problems.length > 0) return { problems: problems.slice(0, MAX_PROBLEMS).map(problem).toSorted(byPlace) }

  const presets = new Map<string, Preset>()
  for (const { name, preset } of checked) if (preset !== undefined) presets.set(name, preset)
  const warnings = checked.flatMap(({ name, warnings: found }) => under(name, found))
  return {
    catalog: Object.freeze({
      revision: revisionOf(checked),
      presets,
      warnings: Object.freeze(warnings.map(problem).toSorted(byPlace)),
    }),
  }
}

/** Reads a presets file, in UTF-8. Throws nothing: a file that cannot be read is a problem like any other. */
export async function loadPresets(path: string, options: ParseOptions): Promise<ParseResult> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readSmallFile(path))
  } catch (error) {
    const finding = { path: [], message: readProblem(error) }
    return { problems: [toProblem(options.fileName, finding, { line: 0, column: 0 })] }
  }
  return await runInSlices(parsePresets(text, options))
}

/** Of one file. Each costs a search for its place. */
const MAX_PROBLEMS = 1_000

interface Named extends CheckedEntry {
  readonly name: string
  readonly entry: unknown
  readonly credentials: readonly Path[]
}

function withoutEntries(data: unknown): unknown {
  if (!isObject(data) || !isObject(data['presets'])) return data
  return { ...data, presets: Object.fromEntries(Object.keys(data['presets']).map((name) => [name, null])) }
}

const missingDefault = 'lacks the preset that DEFAULT_PRESET names'

function isMissing(name: string | undefined, entries: unknown): boolean {
  return name !== undefined && !(isObject(entries) && Object.hasOwn(entries, name))
}

const credentialMessage = 'looks like a credential, and browsers can read their session; take it out'

function readProblem(error: unknown): string {
  if (error instanceof FileError) return error.message
  if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not in UTF-8'
  throw error
}

function under(name: string, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({ ...finding, path: ['presets', name, ...finding.path] }))
}

/** Over entries in the order of their names: moving one in the file changes nothing. */
function revisionOf(
  entries: readonly { name: string; entry: unknown; preset: Preset | undefined }[],
): string {
  const sorted = entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return digest(JSON.stringify(sorted.map(({ name, entry, preset }) => [name, preset?.revision, entry])))
}

function byPlace(one: Problem, other: Problem): number {
  return one.line - other.line || one.column - other.column
}
