/** Common YAML mistakes, each with its own message. */
import { isScalar } from 'yaml'

/** The text around a fault. Lines count from 0. */
interface Spot {
  readonly lines: readonly string[]
  readonly index: number
  readonly line: string
}

const oddSpaces = /[\u00a0\u2000-\u200b\u202f\u205f\u3000\ufeff]/
const typographic = /^[\u2018-\u201f\u00ab\u00bb]/
const blockHeader = /(^|[:\s-])[|>][-+0-9]*\s*(#.*)?$/

/** What follows the key or the dash of a line. */
function valueOf(line: string): string {
  return line.replace(/^[\s-]*(?:[\w.$-]+\s*:)?\s+/, '').trim()
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

const isKey = (line: string): boolean => /^\s*[\w.$-]+:(?:\s|$)/.test(line)

/** True for a line that is less indented than the block text above it. */
function isLeftOfBlock({ lines, index, line }: Spot): boolean {
  for (let above = index - 1; above >= 0 && above > index - 100; above -= 1) {
    const other = lines[above] ?? ''
    if (other.trim() === '') continue
    if (blockHeader.test(other)) return !isKey(line) || indentOf(line) === indentOf(other)
    if (indentOf(other) < indentOf(line)) return false
  }
  return false
}

/** True for a line after one whose text a ` #` ended. */
function isAfterComment({ lines, index, line }: Spot): boolean {
  return !isKey(line) && /:\s+[^"'|>#\s][^"']*\s#/.test(lines[index - 1] ?? '')
}

/** True for a line of text below a key without a value. */
function isBelowKey({ lines, index, line }: Spot): boolean {
  return /^\s*[\w.$-]+:\s*$/.test(lines[index - 1] ?? '') && !/^\s*(?:[\w.$-]+:(?:\s|$)|- )/.test(line)
}

/** True for a single word above fields, which are deeper, or on the same level. */
function isKeyWithoutColon({ lines, index, line }: Spot): boolean {
  if (!/^\s*\w[\w.$-]*\s*$/.test(line)) return false
  const below = lines.slice(index + 1, index + 100).find((other) => /^\s*[^\s#]/.test(other)) ?? ''
  return isKey(below) && indentOf(below) >= indentOf(line)
}

const slashComment = 'JSON and YAML have no comments that begin with // or /*; use # in YAML, or delete it'

/** What is wrong on a line. The first that fits is reported. A pattern is for what follows the key or the dash. */
const mistakes: readonly (readonly [sign: RegExp | ((spot: Spot) => boolean), message: string])[] = [
  [
    ({ line }) => /^(?:<{7}|={7}|>{7})(?:\s|$)/.test(line),
    'this line is a conflict marker of git; resolve the conflict and delete the line',
  ],
  [({ line }) => oddSpaces.test(line), 'this line has a non-breaking space; replace it with a space'],
  [({ line }) => /(^|[\s,[{])\/[/*]/.test(line.replace(/"(?:[^"\\]|\\.)*"/g, '')), slashComment],
  [/^\{\{/, 'a value that begins with {{ needs quotes: "{{name}} …"'],
  [/^\*/, 'a value that begins with * needs quotes: "*bold* …"'],
  [typographic, 'typographic quotes do not quote; use " or \''],
  [
    /^'(?:[^']|'')*'(?:[^\s,\]}#]| +[^\s#,\]}])/,
    "an apostrophe within single quotes ends the text; write it twice (''), or use double quotes",
  ],
  [
    /^"(?:[^"\\]|\\.)*"\s*[^\s,\]}#:]/,
    'a double quote within double quotes ends the text; write \\", or use single quotes',
  ],
  [
    isAfterComment,
    'the # in the line above begins a comment, so that the text ends there; put the text in quotes',
  ],
  [
    isLeftOfBlock,
    'this line belongs to the block text above, but is too far left; indent it like the other lines of the text',
  ],
  [({ line }) => /^\s*(?:- +)?[a-z_]+:[^\s/]/.test(line), 'a space is missing after the colon'],
  [isKeyWithoutColon, 'a colon is missing after the key'],
  [isBelowKey, 'a text of several lines needs | after its key'],
  [/^(?:[&%@`]|- )/, 'a value that begins with one of & % @ ` - needs quotes'],
  [/^[>|][-+0-9]*\s*[^\s#]/, 'a text that begins with > or | needs quotes'],
  [/^(?:\[[^\]]*\]|\{[^}]*\})\s*[^\s,\]}#]/, 'a text that begins with [ or { needs quotes'],
  [({ line }) => /["\d\]}el]\s+"[^"]*"\s*:/.test(line), 'a comma is missing between two members'],
]

/** The sentence for the mistake on a line; undefined for one that is not known. */
export function findMistake(lines: readonly string[], index: number): string | undefined {
  const line = lines[index] ?? ''
  const value = valueOf(line)
  return mistakes.find(([sign]) =>
    sign instanceof RegExp ? sign.test(value) : sign({ lines, index, line }),
  )?.[1]
}

const proseKeys: ReadonlySet<unknown> = new Set([
  'instructions',
  'description',
  'prompt',
  'server_description',
])

/** What is doubtful about a value that YAML accepts; `key` is its own. */
export function doubtOf(node: unknown, key: string | number | undefined, source: string): string | undefined {
  if (!isScalar(node) || node.type !== 'PLAIN' || typeof node.value !== 'string') return undefined
  if (typographic.test(node.value))
    return 'begins with a typographic quote, which is part of the text; use " or \''
  if (proseKeys.has(key) && node.anchor !== undefined && !source.includes(`*${node.anchor}`))
    return 'begins with a word after &, which YAML takes for a name and leaves out; put the whole text in quotes'
  const before = source.slice(Math.max(0, (node.range?.[0] ?? 0) - 200), node.range?.[0])
  if (proseKeys.has(key) && /:[ \t]+#[^\n]*\n\s*$/.test(before))
    return 'begins after the # above, which begins a comment; put the whole text in quotes, or in a block after |'
  const rest = source.slice(node.range?.[1], (node.range?.[1] ?? 0) + 80)
  const isProse = proseKeys.has(key) || /\S\s+\S/.test(node.value)
  // An intended comment usually has a space after its #.
  const isCut = (isProse && /^[ \t]+#[^\s#]/.test(rest)) || (key === 'instructions' && /^[ \t]+#/.test(rest))
  return isCut ? 'ends before the #, which begins a comment; put the whole text in quotes' : undefined
}

/** True for a plain value with a non-ASCII space that YAML keeps as text. */
export function hasOddSpace(node: unknown): boolean {
  if (!isScalar(node) || node.type !== 'PLAIN') return false
  const text = String(node.value)
  return (
    oddSpaces.test(text.slice(0, 1) + text.slice(-1)) ||
    (/^[\w.$-]+:[^\x20-\x7e]/.test(text.slice(0, 80)) && oddSpaces.test(text))
  )
}

/** What is wrong with a key that YAML accepts; undefined where nothing is. */
export function mistakeInKey(node: unknown): string | undefined {
  if (isScalar(node) && oddSpaces.test(String(node.value))) return oddSpace
  return isScalar(node) && node.type === 'PLAIN' && /^\/[/*]/.test(String(node.value))
    ? slashComment
    : undefined
}

export const oddSpace = 'has a non-breaking space; replace it with a space'
