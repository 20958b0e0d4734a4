/** YAML or JSON text as plain data, with the place of everything in it. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLError } from 'yaml'
import type { Path } from './json.ts'
import type { Finding, Position } from './problem.ts'

export interface Document {
  readonly data: unknown
  readonly problems: readonly Finding[]
  /** Problems of the syntax itself, which have a place but no path. */
  readonly syntax: readonly { readonly message: string; readonly position: Position }[]
  /** The place of a path, or of the nearest thing around it that the text has. */
  readonly locate: (finding: Finding) => Position
}

/** yaml's own messages may quote the text, and the text may hold a credential. */
const sentences: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  TAB_AS_INDENT: 'a tab is no indentation; use spaces',
  MISSING_CHAR: 'a character is missing: a quote, a bracket, a comma or the space after a colon',
  MULTIPLE_DOCS: 'there is a second document; a presets file holds one',
  NON_STRING_KEY: 'a key is not text',
  BAD_SCALAR_START: 'this value needs quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with a colon in it needs quotes',
  TAG_RESOLVE_FAILED: 'tags (!…) are not taken',
  BAD_DQ_ESCAPE: 'there is no such escape in double quotes',
}

/** Reads the text; what is wrong with it is in the result, never thrown. */
export function parseText(text: string): Document {
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // The walk below says where, by path.
    uniqueKeys: false,
  })
  const toPosition = (index: number): Position => {
    const { line, col } = lines.linePos(index)
    return { line, column: col }
  }
  const faults: readonly YAMLError[] = [...parsed.errors, ...parsed.warnings]
  const walk = createWalk()
  const data = walk.read(parsed.contents, [])
  return {
    data: faults.length > 0 ? undefined : data,
    problems: walk.problems,
    syntax: faults.map(({ code, pos }) => ({
      message: sentences[code] ?? 'this is neither YAML nor JSON',
      position: toPosition(pos[0]),
    })),
    locate: (finding) => toPosition(walk.offsetOf(finding)),
  }
}

interface Place {
  readonly key: number
  readonly value: number
}

interface Walk {
  readonly problems: Finding[]
  read(node: unknown, path: Path): unknown
  offsetOf(finding: Finding): number
}

function createWalk(): Walk {
  const places = new Map<string, Place>()
  const problems: Finding[] = []

  const readPair = (pair: Pair, path: Path, seen: Set<string>, into: Record<string, unknown>): void => {
    const key = isScalar(pair.key) ? String(pair.key.value) : ''
    const here = [...path, key]
    if (seen.has(key)) problems.push({ path: here, atKey: true, message: 'is there twice' })
    seen.add(key)
    const keyOffset = offsetOfNode(pair.key)
    places.set(JSON.stringify(here), { key: keyOffset, value: offsetOfNode(pair.value, keyOffset) })
    const value = read(pair.value, here)
    if (key === '__proto__') problems.push({ path: here, atKey: true, message: 'is never allowed as a key' })
    else into[key] = value
  }

  const read = (node: unknown, path: Path): unknown => {
    if (isMap(node)) {
      const seen = new Set<string>()
      const into: Record<string, unknown> = {}
      for (const pair of node.items) readPair(pair, path, seen, into)
      return into
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const here = [...path, index]
        places.set(JSON.stringify(here), { key: offsetOfNode(item), value: offsetOfNode(item) })
        return read(item, here)
      })
    }
    if (isAlias(node)) problems.push({ path, message: 'aliases (*…) are not taken; write the value out' })
    return isScalar(node) ? node.value : null
  }

  const offsetOf = ({ path, atKey }: Finding): number => {
    const exact = places.get(JSON.stringify(path))
    if (exact !== undefined) return atKey === true ? exact.key : exact.value
    for (let length = path.length - 1; length > 0; length -= 1) {
      const around = places.get(JSON.stringify(path.slice(0, length)))
      if (around !== undefined) return around.key
    }
    return 0
  }

  return { problems, read, offsetOf }
}

function offsetOfNode(node: unknown, fallback = 0): number {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return fallback
  return node.range?.[0] ?? fallback
}
