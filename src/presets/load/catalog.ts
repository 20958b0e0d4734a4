/** Turns the presets file into the catalog. There is no other way to a Preset. */
import { codeOf } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { FileError, readSmallFile } from '../../read-file.ts'
import { type Path, valueAt } from '../json.ts'
import { digest, type Preset } from '../preset.ts'
import { MAX_PRESETS, presetsFrame } from '../schema/file.ts'
import { credentialPaths } from './credentials.ts'
import { type CheckedEntry, checkEntry, type PresetContext } from './entry.ts'
import { type Finding, findingsOf, type Problem, toProblem } from './findings.ts'
import { runInSlices, type Slices } from './slices.ts'
import { parseYaml } from './yaml.ts'

export interface Catalog {
  /** 16 hex digits over everything that the file says of every preset. */
  readonly revision: string
  readonly presets: ReadonlyMap<string, Preset>
  readonly warnings: readonly Problem[]
}

/** Problems never hide warnings. */
export interface Refusal {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

export type ParseResult = { readonly catalog: Catalog } | Refusal

export interface ParseOptions extends PresetContext {
  /** As problems name it. */
  readonly fileName: string
  /** A preset of this name has to exist. */
  readonly defaultPreset?: string | undefined
}

/** Reads presets from YAML or JSON text. Problems and warnings are in the order of its lines. Throws nothing. */
export function* parsePresets(text: string, options: ParseOptions): Slices<ParseResult> {
  const yaml = yield* parseYaml(text)
  const toProblems = (findings: readonly Finding[]): readonly Problem[] =>
    findings
      .slice(0, MAX_PROBLEMS)
      .map((finding) => toProblem(options.fileName, finding, yaml.locate(finding)))
      .toSorted(byPlace)
  if (yaml.syntax.length > 0) {
    const problems = yaml.syntax.map(({ message, position }) =>
      toProblem(options.fileName, { path: [], message }, position),
    )
    return { problems, warnings: [] }
  }
  const entries: NamedEntry[] = []
  for (const [name, entry] of entriesOf(yaml.data).slice(0, MAX_PRESETS)) {
    yield
    const credentials = toCredentialProblems(credentialPaths(entry, ['presets', name]))
    entries.push({ name, entry, ...checkEntry(name, entry, options), credentials })
  }
  const problems = [
    ...yaml.problems,
    ...frameProblems(yaml.data, options.defaultPreset),
    ...entries.flatMap(({ name, problems: found, credentials }) => [...under(name, found), ...credentials]),
  ]
  const warnings = toProblems([
    ...yaml.warnings,
    ...entries.flatMap(({ name, warnings: found }) => under(name, found)),
  ])
  if (problems.length > 0) return { problems: toProblems(problems), warnings }
  const presets = new Map<string, Preset>()
  for (const { name, preset } of entries) if (preset !== undefined) presets.set(name, preset)
  return {
    catalog: Object.freeze({ revision: revisionOf(entries), presets, warnings: Object.freeze(warnings) }),
  }
}

/** Findings of one file. Each costs a search for its place. */
const MAX_PROBLEMS = 1_000

interface NamedEntry extends CheckedEntry {
  readonly name: string
  readonly entry: unknown
  readonly credentials: readonly Finding[]
}

function entriesOf(data: unknown): readonly [string, unknown][] {
  const presets = valueAt(data, ['presets'])
  return Object.entries(isObject(presets) ? presets : {})
}

/** Problems of the file apart from its entries. */
function frameProblems(data: unknown, defaultPreset: string | undefined): readonly Finding[] {
  if (data === null) return [{ path: [], message: 'is empty' }]
  if (!isObject(data)) return [{ path: [], message: notPresets }]
  const names = entriesOf(data).map(([name]) => name)
  const isEmpty = isObject(valueAt(data, ['presets'])) && names.length === 0
  const isMissing = defaultPreset !== undefined && !names.includes(defaultPreset)
  const frame = {
    ...data,
    presets: Object.fromEntries(names.map((name) => [name, null])),
  }
  return [
    ...findingsOf(presetsFrame, data),
    ...(isEmpty ? [{ path: ['presets'], message: 'has no preset' }] : []),
    ...(isMissing ? [{ path: ['presets'], message: missingDefault }] : []),
    ...toCredentialProblems(credentialPaths(frame)),
  ]
}

/** Reads a presets file, in UTF-8. Throws nothing: a file that cannot be read is a problem like any other. */
export async function loadPresets(path: string, options: ParseOptions): Promise<ParseResult> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readSmallFile(path))
  } catch (error) {
    const finding = { path: [], message: readProblem(error) }
    return { problems: [toProblem(options.fileName, finding, { line: 0, column: 0 })], warnings: [] }
  }
  return await runInSlices(parsePresets(text, options))
}

const notPresets = 'is not a presets file, which begins with "presets:"'

const missingDefault = 'does not have the preset that DEFAULT_PRESET names'

const credentialMessage = 'looks like a credential, and browsers can read their session; remove it'

function toCredentialProblems(paths: readonly Path[]): readonly Finding[] {
  return paths.map((path) => ({ path, message: credentialMessage }))
}

function readProblem(error: unknown): string {
  if (error instanceof FileError) return error.message
  if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not in UTF-8'
  throw error
}

function under(name: string, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({ ...finding, path: ['presets', name, ...finding.path] }))
}

/** A hash over the entries in the order of their names, so that moving one in the file changes nothing. */
function revisionOf(
  entries: readonly { name: string; entry: unknown; preset: Preset | undefined }[],
): string {
  const sorted = entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return digest(JSON.stringify(sorted.map(({ name, entry, preset }) => [name, preset?.revision, entry])))
}

function byPlace(one: Problem, other: Problem): number {
  return one.line - other.line || one.column - other.column
}
