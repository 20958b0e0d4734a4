/** The syntax tree of a YAML text, made in slices. */
import { setImmediate } from 'node:timers/promises'
import {
  Composer,
  CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  Lexer,
  type LineCounter,
  type Pair,
  Parser,
} from 'yaml'

/** Long work in slices of a few milliseconds: each `yield` is a place where other work may go first. */
export type Slices<Result> = Generator<undefined, Result>

export async function runInSlices<Result>(slices: Slices<Result>): Promise<Result> {
  let step = slices.next()
  while (step.done !== true) {
    await setImmediate()
    step = slices.next()
  }
  return step.value
}

export interface Fault {
  readonly code: string
  readonly offset: number
}

const LEXEMES_PER_SLICE = 2_000

/**
 * The root node of the text. Adds what is wrong with its syntax to `faults`.
 * Each preset is composed by itself, because the composer cannot pause.
 */
export function* composeText(text: string, lines: LineCounter, faults: Fault[]): Slices<unknown> {
  const tokens = yield* tokenize(text, lines)
  const detached = new Map(tokens.flatMap(detachPresets).map((token) => [token.offset, token]))
  const [root, second] = composeTokens(tokens, text.length, faults)
  if (second !== undefined) faults.push({ code: 'MULTIPLE_DOCS', offset: second.range[0] })
  const presets = pairAt(root?.contents, 'presets')?.value
  for (const pair of isMap(presets) ? presets.items : []) {
    const value = detached.get(startOf(pair.value))
    if (value === undefined) continue
    yield
    const document: CST.Document = { type: 'document', offset: value.offset, start: [], value }
    pair.value = composeTokens([document], text.length, faults)[0]?.contents
  }
  return root?.contents
}

function* tokenize(text: string, lines: LineCounter): Slices<readonly CST.Token[]> {
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  let count = 0
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    count += 1
    if (count % LEXEMES_PER_SLICE === 0) yield
  }
  tokens.push(...parser.end())
  return tokens
}

/** Takes the collections out of the `presets` map; each leaves a scalar at its place. */
function detachPresets(document: CST.Token): readonly CST.Token[] {
  const presets = itemsOf(document.type === 'document' ? document.value : undefined).find(
    ({ key }) => CST.isScalar(key) && 'source' in key && /^["']?presets["']?$/.test(key.source),
  )
  return itemsOf(presets?.value).flatMap((item) => {
    const { value, sep = [] } = item
    // The composer refuses a block that begins beside its key, so such a block stays.
    const isDetachable =
      value?.type === 'flow-collection' ||
      (value?.type === 'block-map' && sep.some(({ type }) => type === 'newline'))
    if (!isDetachable) return []
    item.value = { type: 'scalar', offset: value.offset, indent: value.indent, source: '0' }
    return [value]
  })
}

function itemsOf(token: CST.Token | undefined): readonly CST.CollectionItem[] {
  return token?.type === 'block-map' || token?.type === 'flow-collection' ? token.items : []
}

/** The composer cannot pause, and it is slow where it finds faults. */
const MAX_PARTS = 25_000

function isLarge(document: CST.Token): boolean {
  if (document.type !== 'document') return false
  let count = document.start.length
  CST.visit(document, ({ start, sep = [] }) => {
    count += start.length + sep.length + 2
    return count > MAX_PARTS ? CST.visit.BREAK : undefined
  })
  return count > MAX_PARTS
}

function composeTokens(tokens: readonly CST.Token[], length: number, faults: Fault[]) {
  const documents: Document.Parsed[] = []
  try {
    const large = tokens.length > MAX_PARTS ? tokens[0] : tokens.find(isLarge)
    if (large !== undefined) {
      faults.push({ code: 'TOO_LARGE', offset: large.offset })
      return documents
    }
    // uniqueKeys compares each key with every other, which is slow; readMap looks for duplicates.
    const composer = new Composer({ stringKeys: true, uniqueKeys: false })
    for (const document of composer.compose(tokens, true, length)) documents.push(document)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    faults.push({ code: 'TOO_DEEP', offset: 0 })
  }
  for (const { errors, warnings } of documents) {
    for (const { code, message, pos } of [...errors, ...warnings]) {
      const isUnclosed = code === 'MISSING_CHAR' && /^Missing closing .quote/.test(message)
      faults.push({ code: isUnclosed ? 'UNCLOSED_QUOTE' : code, offset: pos[0] })
    }
  }
  return documents
}

export function keyOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : ''
}

/** The last pair of this name, which is the one that the data has. */
export function pairAt(node: unknown, key: string | number): Pair | undefined {
  return isMap(node) ? node.items.findLast((pair) => keyOf(pair.key) === key) : undefined
}

export function startOf(node: unknown, fallback = 0): number {
  return isNode(node) ? (node.range?.[0] ?? fallback) : fallback
}
