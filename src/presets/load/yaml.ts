/** YAML or JSON text as plain data, with the place of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type YAMLMap } from 'yaml'
import type { Path } from '../json.ts'
import { MAX_FINDINGS } from '../schema/issues.ts'
import { type Finding, keyProblem, type Position, problem, warning } from './findings.ts'
import { doubtOf, findMistake, hasOddSpace, mistakeInKey, oddSpace } from './yaml-mistakes.ts'
import { composeText, type Fault, keyOf, pairAt, type Slices, startOf } from './yaml-nodes.ts'

export interface Yaml {
  /** Undefined when the syntax is wrong. */
  readonly data: unknown
  readonly findings: readonly Finding[]
  /** The place of a path, or of the nearest thing around it that the text has. */
  readonly locate: (finding: Finding) => Position
}

/** yaml's own messages may quote the text, and the text may contain a credential. */
const sentences: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  TAB_AS_INDENT: 'tabs cannot indent; use spaces',
  MISSING_CHAR: 'a character is missing: a quote, a bracket, a comma or the space after a colon',
  UNCLOSED_QUOTE: 'a quote is opened above and not closed',
  MULTIPLE_DOCS: 'this starts a second document; a presets file has one',
  NON_STRING_KEY: 'a key is not text',
  BAD_SCALAR_START: 'this value needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon in it needs quotes',
  TAG_RESOLVE_FAILED: 'tags (!…) are not supported; put a text that begins with ! in quotes',
  BAD_DQ_ESCAPE: 'this escape does not exist in double quotes',
  TOO_DEEP: 'the file is nested too deeply',
  TOO_LARGE: 'this part has too many keys and values; OpenAI accepts at most 16,384 tokens of a session',
}

/** Reads the text. The result says what is wrong with it; this throws nothing. */
export function* parseYaml(text: string): Slices<Yaml> {
  const lines = new LineCounter()
  const toPosition = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const faults: Fault[] = []
  const reading: Reading = { text, findings: [] }
  const root = yield* composeText(text, lines, faults)
  const isSound = faults.length === 0
  return {
    data: isSound ? yield* readNode(root, [], reading) : undefined,
    findings: [...toSyntaxFindings(faults, text, toPosition), ...reading.findings],
    locate: (finding) => finding.position ?? toPosition(offsetOf(root, finding)),
  }
}

/** One problem for each line: a single mistake makes several faults. */
function toSyntaxFindings(
  faults: readonly Fault[],
  text: string,
  toPosition: (offset: number) => Position,
): readonly Finding[] {
  const lines = text.split('\n')
  const found: Finding[] = []
  let lastLine = Number.NEGATIVE_INFINITY
  for (const { code, offset } of faults.toSorted((one, other) => one.offset - other.offset)) {
    const position = toPosition(offset)
    const message = findMistake(lines, position.line - 1) ?? sentences[code] ?? notYaml
    if (position.line - lastLine <= (found.at(-1)?.message === message ? 1 : 0)) continue
    found.push({ path: [], message, position })
    lastLine = position.line
    if (found.length === MAX_FINDINGS) break
  }
  return found
}

const notYaml =
  'this is neither YAML nor JSON; put a text with special characters in quotes, or write it as a block after |'

/** More than any session needs. The bound protects recursive functions from a stack overflow. */
const MAX_DEPTH = 64

interface Reading {
  readonly text: string
  readonly findings: Finding[]
}

function report({ findings }: Reading, finding: Finding): void {
  if (findings.length < MAX_FINDINGS) findings.push(finding)
}

const noAliases =
  'aliases (*…) are not supported; write the value out, or put a text that begins with * in quotes'

/** The data of a node. Pauses after each preset. */
function* readNode(node: unknown, path: Path, reading: Reading): Slices<unknown> {
  if (path.length > MAX_DEPTH) {
    report(reading, problem(path, 'is nested too deeply'))
    return null
  }
  if (isMap(node)) return yield* readMap(node, path, reading)
  if (isSeq(node)) {
    const items: unknown[] = []
    for (const item of node.items) items.push(yield* readNode(item, [...path, items.length], reading))
    return items
  }
  if (isAlias(node)) report(reading, problem(path, noAliases))
  if (!isScalar(node)) return null
  if (typeof node.value === 'number' && !Number.isFinite(node.value)) {
    report(reading, problem(path, 'is not a number that JSON has'))
    return undefined
  }
  const doubt = doubtOf(node, path.at(-1), reading.text)
  if (doubt !== undefined) report(reading, warning(path, doubt))
  if (hasOddSpace(node)) report(reading, problem(path, oddSpace))
  return node.value
}

function* readMap(map: YAMLMap, path: Path, reading: Reading): Slices<Record<string, unknown>> {
  const data: Record<string, unknown> = {}
  for (const { key: keyNode, value } of map.items) {
    const key = keyOf(keyNode)
    const here = [...path, key]
    const mistake = mistakeInKey(keyNode)
    if (mistake !== undefined) report(reading, keyProblem(here, mistake))
    // yaml's own uniqueKeys compares each key with every other, and its error has no path.
    if (Object.hasOwn(data, key)) report(reading, keyProblem(here, 'is there twice'))
    if (key === '__proto__') report(reading, keyProblem(here, 'is never allowed as a key'))
    else data[key] = yield* readNode(value, here, reading)
    if (path.length === 1) yield
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
