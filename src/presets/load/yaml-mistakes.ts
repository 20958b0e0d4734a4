/** Mistakes that people make when they write YAML, each with a sentence of its own. */
import { isScalar } from 'yaml'

/** The text around a fault. Lines count from 0. */
interface Spot {
  readonly lines: readonly string[]
  readonly index: number
  readonly line: string
}

interface Mistake {
  readonly message: string
  readonly isMade: (spot: Spot) => boolean
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

/** True for a line that is less indented than the block text above it. */
function isLeftOfBlock({ lines, index, line }: Spot): boolean {
  for (let above = index - 1; above >= 0 && above > index - 100; above -= 1) {
    const other = lines[above] ?? ''
    if (other.trim() === '') continue
    if (blockHeader.test(other))
      return !/^\s*[\w.$-]+:(\s|$)/.test(line) || indentOf(line) === indentOf(other)
    if (indentOf(other) < indentOf(line)) return false
  }
  return false
}

const startsWith =
  (pattern: RegExp) =>
  ({ line }: Spot): boolean =>
    pattern.test(valueOf(line))

/** True for a line after one whose text a ` #` ended. */
function isAfterComment({ lines, index, line }: Spot): boolean {
  return !/^\s*[\w.$-]+:(\s|$)/.test(line) && /:\s+[^"'|>#\s][^"']*\s#/.test(lines[index - 1] ?? '')
}

const slashComment = 'JSON and YAML have no comments that begin with // or /*; use # in YAML, or delete it'

/** The first that fits is reported. */
const mistakes: readonly Mistake[] = [
  {
    message: 'this line has a non-breaking space; replace it with a space',
    isMade: ({ line }) => oddSpaces.test(line),
  },
  {
    message: slashComment,
    isMade: ({ line }) => /(^|[\s,[{])\/[/*]/.test(line.replace(/"(?:[^"\\]|\\.)*"/g, '')),
  },
  {
    message: 'a value that begins with {{ needs quotes: "{{name}} …"',
    isMade: startsWith(/^\{\{/),
  },
  {
    message: 'a value that begins with * needs quotes: "*bold* …"',
    isMade: startsWith(/^\*/),
  },
  {
    message: 'typographic quotes do not quote; use " or \'',
    isMade: startsWith(typographic),
  },
  {
    message: "an apostrophe within single quotes ends the text; write it twice (''), or use double quotes",
    isMade: ({ line }) =>
      /^'(?:[^']|'')*'[^\s,\]}#]/.test(valueOf(line)) || /^'(?:[^']|'')*' +[^\s#,\]}]/.test(valueOf(line)),
  },
  {
    message: 'a double quote within double quotes ends the text; write \\", or use single quotes',
    isMade: ({ line }) => /^"(?:[^"\\]|\\.)*"\s*[^\s,\]}#:]/.test(valueOf(line)),
  },
  {
    message: 'the # in the line above begins a comment, so that the text ends there; put the text in quotes',
    isMade: isAfterComment,
  },
  {
    message:
      'this line belongs to the block text above, but is too far left; indent it like the other lines of the text',
    isMade: isLeftOfBlock,
  },
  {
    message: 'a text of several lines needs | after its key',
    isMade: ({ lines, index, line }) =>
      /^\s*[\w.$-]+:\s*$/.test(lines[index - 1] ?? '') && !/^\s*(?:[\w.$-]+:(?:\s|$)|- )/.test(line),
  },
  {
    message: 'a value that begins with one of & % @ ` - needs quotes',
    isMade: startsWith(/^(?:[&%@`]|- )/),
  },
  {
    message: 'a text that begins with > or | needs quotes',
    isMade: startsWith(/^[>|][-+0-9]*\s*[^\s#]/),
  },
  {
    message: 'a text that begins with [ or { needs quotes',
    isMade: startsWith(/^(?:\[[^\]]*\]|\{[^}]*\})\s*[^\s,\]}#]/),
  },
  {
    message: 'a comma is missing between two members',
    isMade: ({ line }) => /["\d\]}el]\s+"[^"]*"\s*:/.test(line),
  },
  {
    message: 'a space is missing after the colon',
    isMade: ({ line }) => /^\s*(?:- +)?[a-z_]+:[^\s/]/.test(line),
  },
]

/** The sentence for the mistake on a line; undefined for one that is not known. */
export function findMistake(lines: readonly string[], index: number): string | undefined {
  const line = lines[index] ?? ''
  return mistakes.find(({ isMade }) => isMade({ lines, index, line }))?.message
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
  if (node.anchor !== undefined && !source.includes(`*${node.anchor}`))
    return 'begins with a word after &, which YAML takes for a name and leaves out; put the whole text in quotes'
  const before = source.slice(Math.max(0, (node.range?.[0] ?? 0) - 200), node.range?.[0])
  if (proseKeys.has(key) && /:[ \t]+#[^\n]*\n\s*$/.test(before))
    return 'begins after the # above, which begins a comment; put the whole text in quotes, or in a block after |'
  const rest = source.slice(node.range?.[1], (node.range?.[1] ?? 0) + 80)
  const isProse = proseKeys.has(key) || /\S\s+\S/.test(node.value)
  // A comment of the author's has a space after its #, as a rule.
  const isCut = (isProse && /^[ \t]+#[^\s#]/.test(rest)) || (key === 'instructions' && /^[ \t]+#/.test(rest))
  return isCut ? 'ends before the #, which begins a comment; put the whole text in quotes' : undefined
}

/** True for a key or a plain value with a space at its ends that YAML does not take for one. */
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
