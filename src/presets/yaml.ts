/** YAML or JSON text as plain data, with the place of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type YAMLMap } from 'yaml'
import type { Finding, Position } from './findings.ts'
import { MAX_FINDINGS } from './issues.ts'
import type { Path } from './json.ts'
import type { Slices } from './slices.ts'
import { composeText, type Fault, keyOf, pairAt, startOf } from './yaml-nodes.ts'

export interface Yaml {
  /** Undefined when the syntax is wrong. */
  readonly data: unknown
  readonly problems: readonly Finding[]
  /** Problems of the syntax itself, which have a place but no path. */
  readonly syntax: readonly { readonly message: string; readonly position: Position }[]
  /** The place of a path, or of the nearest thing around it that the text has. */
  readonly locate: (finding: Finding) => Position
}

/** yaml's own messages may quote the text, and the text may contain a credential. */
const sentences: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  MISSING_CHAR: 'a character is missing: a quote, a bracket, a comma or the space after a colon',
  MULTIPLE_DOCS: 'this starts a second document; a presets file has one',
  NON_STRING_KEY: 'a key is not text',
  BAD_SCALAR_START: 'this value needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon in it needs quotes',
  TAG_RESOLVE_FAILED: 'tags (!…) are not supported',
  BAD_DQ_ESCAPE: 'this escape does not exist in double quotes',
  TOO_DEEP: 'the file is nested too deeply',
  TOO_LARGE: 'this part has too many keys and values; OpenAI takes at most 16,384 tokens of a session',
}

/**
 * Reads the text. The result says what is wrong with it; this throws nothing.
 */
export function* parseYaml(text: string): Slices<Yaml> {
  const lines = new LineCounter()
  const toPosition = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const faults: Fault[] = []
  const problems: Finding[] = []
  const root = yield* composeText(text, lines, faults)
  const data = faults.length > 0 ? undefined : yield* toData(root, problems)
  return {
    data,
    problems,
    syntax: faults
      .toSorted((one, other) => one.offset - other.offset)
      .slice(0, MAX_FINDINGS)
      .map(({ code, offset }) => ({
        message: sentences[code] ?? 'this is neither YAML nor JSON',
        position: toPosition(offset),
      })),
    locate: (finding) => toPosition(offsetOf(root, finding)),
  }
}

/** The data of the root node. Pauses after each preset. */
function* toData(root: unknown, problems: Finding[]): Slices<unknown> {
  const presets = pairAt(root, 'presets')?.value
  const entries = new Map<unknown, unknown>()
  for (const { key, value } of isMap(presets) ? presets.items : []) {
    entries.set(value, readNode(value, ['presets', keyOf(key)], { problems }))
    yield
  }
  return readNode(root, [], { problems, entries })
}

/** No session needs more, and some functions that read the data call themselves. */
const MAX_DEPTH = 64

interface Reading {
  readonly problems: Finding[]
  /** What has been read before, by node. */
  readonly entries?: ReadonlyMap<unknown, unknown>
}

function report({ problems }: Reading, problem: Finding): void {
  if (problems.length < MAX_FINDINGS) problems.push(problem)
}

function readNode(node: unknown, path: Path, reading: Reading): unknown {
  if (reading.entries?.has(node)) return reading.entries.get(node)
  if (path.length > MAX_DEPTH) {
    report(reading, { path, message: 'is nested too deeply' })
    return null
  }
  if (isMap(node)) return readMap(node, path, reading)
  if (isSeq(node)) return node.items.map((item, index) => readNode(item, [...path, index], reading))
  if (isAlias(node)) report(reading, { path, message: 'aliases (*…) are not supported; write the value out' })
  if (!isScalar(node)) return null
  if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
    report(reading, { path, message: 'is not a number that JSON has' })
    return undefined
  }
  return node.value
}

function readMap(map: YAMLMap, path: Path, reading: Reading): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const { key: keyNode, value } of map.items) {
    const key = keyOf(keyNode)
    const here = [...path, key]
    const isTwice = Object.hasOwn(data, key)
    if (isTwice) report(reading, { path: here, atKey: true, message: 'is there twice' })
    if (key === '__proto__')
      report(reading, { path: here, atKey: true, message: 'is never allowed as a key' })
    else data[key] = readNode(value, here, reading)
  }
  return data
}

function offsetOf(root: unknown, { path, atKey }: Finding): number {
  let node = root
  let offset = 0
  for (const [index, key] of path.entries()) {
    const pair = pairAt(node, key)
    const next = isSeq(node) && typeof key === 'number' ? node.items[key] : pair?.value
    if (next === undefined && pair === undefined) return offset
    offset = startOf(pair?.key ?? next, offset)
    if (index === path.length - 1 && atKey !== true) return startOf(next, offset)
    node = next
  }
  return offset
}
