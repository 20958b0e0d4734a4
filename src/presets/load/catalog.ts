/** Turns the presets file into the catalog. Nothing else creates presets. */
import { codeOf } from '../../errors.ts'
import { isObject } from '../../json.ts'
import { FileError, readSmallFile } from '../../read-file.ts'
import { type Path, valueAt } from '../json.ts'
import { digest, type Preset } from '../preset.ts'
import { MAX_PRESETS, presetsFrame } from '../schema/file.ts'
import { credentialPaths } from './credentials.ts'
import { checkEntry } from './entry.ts'
import { type Finding, findingsOf, problem, toLine, under } from './findings.ts'
import type { ParseOptions } from './remarks.ts'
import { parseYaml } from './yaml.ts'
import { runInSlices, type Slices } from './yaml-nodes.ts'

export interface Catalog {
  /** 16 hex digits: a hash over all entries of the file. */
  readonly revision: string
  readonly presets: ReadonlyMap<string, Preset>
  readonly warnings: readonly string[]
}

/** Lines such as `presets.yaml:14:12 presets.classic.session.voice: …`. Problems never hide warnings. */
export interface Refusal {
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export type ParseResult = { readonly value: Catalog } | { readonly refused: Refusal }

/** Findings of each kind in one file. Each costs a search for its place. */
const MAX_PROBLEMS = 1_000

/** Reads presets from YAML or JSON text. Problems and warnings are in the order of its lines. Throws nothing. */
export function* parsePresets(text: string, options: ParseOptions): Slices<ParseResult> {
  const yaml = yield* parseYaml(text)
  const { fileName, defaultPreset } = options
  const entries = entriesOf(yaml.data)
  const presets = new Map<string, Preset>()
  const findings = [...yaml.findings, ...frameFindings(yaml.data, entries, defaultPreset)]
  for (const [name, entry] of entries) {
    yield
    const { preset, findings: found } = checkEntry(name, entry, options)
    findings.push(...under(['presets', name], found), ...findCredentials(entry, ['presets', name]))
    if (preset !== undefined) presets.set(name, preset)
  }
  const toLines = (isWarning: boolean): readonly string[] =>
    findings
      .filter((finding) => (finding.isWarning === true) === isWarning)
      .slice(0, MAX_PROBLEMS)
      .map((finding) => ({ finding, position: yaml.locate(finding) }))
      .toSorted(
        ({ position: one }, { position: other }) => one.line - other.line || one.column - other.column,
      )
      .map(({ finding, position }) => `${fileName}:${toLine(finding, position)}`)
  const problems = toLines(false)
  const warnings = Object.freeze(toLines(true))
  if (problems.length > 0) return { refused: { problems, warnings } }
  return { value: Object.freeze({ revision: revisionOf(entries, presets), presets, warnings }) }
}

const credential = 'looks like a credential, and browsers can read their session; remove it'

const findCredentials = (value: unknown, path: Path = []): readonly Finding[] =>
  credentialPaths(value, path).map((found) => problem(found, credential))

type Entries = readonly (readonly [name: string, entry: unknown])[]

function entriesOf(data: unknown): Entries {
  const presets = valueAt(data, ['presets'])
  return Object.entries(isObject(presets) ? presets : {}).slice(0, MAX_PRESETS)
}

/** What is wrong with the file apart from its entries. */
function frameFindings(
  data: unknown,
  entries: Entries,
  defaultPreset: string | undefined,
): readonly Finding[] {
  // What else is wrong follows from the syntax.
  if (data === undefined) return []
  if (data === null) return [problem([], 'is empty')]
  if (!isObject(data)) return [problem([], 'is not a presets file, which begins with "presets:"')]
  const isEmpty = isObject(data['presets']) && entries.length === 0
  const isMissing = defaultPreset !== undefined && !entries.some(([name]) => name === defaultPreset)
  const frame = { ...data, presets: Object.fromEntries(entries.map(([name]) => [name, null])) }
  return [
    ...findingsOf(presetsFrame, data),
    ...(isEmpty ? [problem(['presets'], 'has no preset')] : []),
    ...(isMissing ? [problem(['presets'], 'does not have the preset that DEFAULT_PRESET names')] : []),
    ...findCredentials(frame),
  ]
}

/** Reads a presets file, in UTF-8. Throws nothing: a file that cannot be read is a problem like any other. */
export async function loadPresets(path: string, options: ParseOptions): Promise<ParseResult> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readSmallFile(path))
  } catch (error) {
    return { refused: { problems: [`${options.fileName} ${readProblem(error)}`], warnings: [] } }
  }
  return await runInSlices(parsePresets(text, options))
}

function readProblem(error: unknown): string {
  if (error instanceof FileError) return error.message
  if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not in UTF-8'
  throw error
}

/** A hash over the entries in the order of their names, so that moving one in the file changes nothing. */
function revisionOf(entries: Entries, presets: ReadonlyMap<string, Preset>): string {
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1))
  return digest(JSON.stringify(sorted.map(([name, entry]) => [name, presets.get(name)?.revision, entry])))
}
