import { describe, expect, it } from 'vitest'
import { problemsOf, refusalsOf } from './support.ts'

const linesOf = (text: string): readonly string[] =>
  problemsOf(text).map((problem) => problem.replace('presets.yaml:', ''))

describe('the problems of a file', () => {
  it('are reported at once, each with its place and path', () => {
    const text = `presets:
  Concierge:
    session: { type: realtime }
  classic:
    session:
      model: gpt-realtime-2.1
      voise: ash
      speed: 3
    limits: { per_caller: 5 per minute }
  other:
    session:
      type: realtime
      audio: { output: { voice: [marin] } }
    overrides:
      audio.output.spede: { min: 1 }
    variables:
      guest: {}
prests: {}
`
    expect(linesOf(text)).toEqual([
      '2:3 presets.Concierge: is not a name of 1 to 64 of a-z, 0-9, _ and -, which starts with neither _ nor -',
      '7:7 presets.classic.session.voise: is not a known field; did you mean "voice"?',
      '8:14 presets.classic.session.speed: must be a number of at most 1.5',
      '9:27 presets.classic.limits.per_caller: must be limits such as 5/minute or 10/minute,200/day',
      '13:33 presets.other.session.audio.output.voice: must be text or an object',
      '15:7 presets.other.overrides.audio.output.spede: is not a field of a realtime session; did you mean "audio.output.speed"?',
      '17:14 presets.other.variables.guest: must be an object with either enum or max_length',
      '18:1 prests: is not a known field; did you mean "presets"?',
    ])
  })
})

const aliases =
  'aliases (*…) are not supported; write the value out, or put a text that begins with * in quotes'
const tags = 'tags (!…) are not supported; put a text that begins with ! in quotes'
const quote = 'a double quote within double quotes ends the text; write \\", or use single quotes'
const second = 'this starts a second document; a presets file has one'
const at = 'presets.a.session'
const hidden = 'put a text that begins with # in quotes'
const notPresets = 'is not a presets file, which begins with "presets:"'

describe('a file is invalid that', () => {
  it.each<[what: string, text: string, ...lines: string[]]>([
    ['is empty', '', '1:1 is empty'],
    ['is a comment', '# later', '1:1 is empty'],
    ['has no presets', '{}', '1:1 presets: is missing; it must be an object'],
    ['has no preset', 'presets: {}', '1:10 presets: has no preset'],
    ['is a list', '- a', `1:1 ${notPresets}`],
    ['is a page', '<!DOCTYPE html><html></html>', `1:1 ${notPresets}`],
    ['has settings', 'OPENAI_API_KEY=x', `1:1 ${notPresets}`],
    ['is not closed', 'presets: [1', '1:12 the indentation does not fit, or a bracket is not closed'],
    ['is indented with tabs', 'presets:\n\ta: 1', '2:1 tabs cannot indent; use spaces'],
    ['has two documents', 'presets: {}\n---\nq: 1', `2:1 ${second}`],
    ['has tags', 'presets: !secret x', `1:10 ${tags}`],
    ['has keys that are not text', '? [a]\n: 1', '1:3 a key is not text'],
    ['has text after a quote', 'presets: "a" b', `1:14 ${quote}`],
    [
      'has a preset twice',
      'presets:\n  a: { session: {} }\n  a: { session: {} }',
      '3:3 presets.a: is there twice',
    ],
    [
      'has aliases',
      'presets:\n  a: { session: { model: &m hello } }\n  b: { session: { model: *m } }',
      `3:26 presets.b.session.model: ${aliases}`,
    ],
  ])('%s', (_, text, ...lines) => {
    expect(linesOf(text)).toEqual(lines)
  })
})

describe('a session is invalid that', () => {
  it.each<[what: string, session: string, ...lines: string[]]>([
    ['has text that # hides', '{ type: realtime, model: #b\n }', `2:32 ${at}.model: must be text; ${hidden}`],
    ['has a key twice', '{ voice: a, voice: b }', `2:19 ${at}.voice: is there twice`],
    ['has a __proto__ key', '{ __proto__: { voice: b } }', `2:9 ${at}.__proto__: is never allowed as a key`],
    ['has a merge key', '{ <<: { model: b } }', `2:9 ${at}["<<"]: is not a known field`],
    ['has NaN', '{ speed: .nan }', `2:16 ${at}.speed: is not a number that JSON has`],
  ])('%s', (_, session, ...lines) => {
    expect(linesOf(`presets: { a: { session:\n      ${session} } }`)).toEqual(lines)
  })
})

/** A preset with these lines in its session, the first of which is line 5. */
function fileWith(lines: string): string {
  return `presets:\n  a:\n    session:\n      type: realtime\n      ${lines}\n      model: gpt-realtime-2.1\n`
}

/** The same, with this text as it is typed after `instructions:`. */
const instructing = (typed: string): string => fileWith(`instructions:${typed}`)

const leading = (start: string, example: string): string =>
  `a value that begins with ${start} needs quotes: "${example} …"`
const tooLeft =
  'this line belongs to the block text above, but is too far left; indent it like the other lines of the text'
const apostrophe =
  "an apostrophe within single quotes ends the text; write it twice (''), or use double quotes"
const special = 'a value that begins with one of & % @ ` - needs quotes'
const space = 'has a non-breaking space; replace it with a space'
const block = 'a text that begins with > or | needs quotes'

describe('a mistake in YAML is a problem with its place', () => {
  it.each<[typed: string, problem: string]>([
    [' {{name}} is here', `5:22 ${leading('{{', '{{name}}')}`],
    [' {{name}}', `5:22 ${leading('{{', '{{name}}')}`],
    [' *bold* first', `5:28 ${leading('*', '*bold*')}`],
    [' |\n      You are a bot.\n      Be kind.', `6:7 ${tooLeft}`],
    [' >-\n      You are a bot.', `6:7 ${tooLeft}`],
    [' |\n        You are a bot.\n       Be kind.', `7:1 ${tooLeft}`],
    [" 'You're kind'", `5:26 ${apostrophe}`],
    [" 'It is what it's about, isn't it'", `5:36 ${apostrophe}`],
    [' "Say "hi" to all"', `5:27 ${quote}`],
    [' “You are: kind”', '5:21 typographic quotes do not quote; use " or \''],
    ['\u00a0hi there', `5:7 this line ${space}`],
    ['\u3000hi there', `5:7 this line ${space}`],
    [' @home you are', `5:21 ${special}`],
    [' `code`', `5:21 ${special}`],
    [' %off', `5:21 ${special}`],
    [' - one', `5:21 ${special}`],
    [' >You are', `5:22 ${block}`],
    [' | You are', `5:23 ${block}`],
    [' [Role] you are', '5:28 a text that begins with [ or { needs quotes'],
    [' Note: be kind', '5:21 a value with a colon in it needs quotes'],
    ['Be kind', '5:7 a space is missing after the colon'],
    [' "abc', '7:1 a quote is opened above and not closed'],
    [
      ' You are agent #1\n        of the team',
      '6:1 the # in the line above begins a comment, so that the text ends there; put the text in quotes',
    ],
  ])('instructions:%s', (typed, problem) => {
    expect(linesOf(instructing(typed))).toEqual([problem])
  })

  it('in the indentation of a key, too', () => {
    expect(linesOf(fileWith('instructions: hi').replace(' instr', '\u00a0instr'))).toEqual([
      `5:1 this line ${space}`,
    ])
  })
})

const colon = 'a colon is missing after the key'
const noSpace = 'a space is missing after the colon'
const conflict = 'this line is a conflict marker of git; resolve the conflict and delete the line'

describe('a mistake at a key is a problem with its place', () => {
  it.each<[lines: string, ...problems: string[]]>([
    ['presets:\n  a:\n    session:\n      type:realtime\n      model: x', `4:7 ${noSpace}`],
    ['presets:\n  a:\n    session:\n      # first\n      type:realtime\n      model: x', `5:7 ${noSpace}`],
    ['presets\n  a:\n    session:', `1:1 ${colon}`],
    ['presets:\n  a\n    session:\n      type: realtime', `2:3 ${colon}`],
    ['presets:\n  a\n\n    session:\n      type: realtime', `2:3 ${colon}`],
    ['presets:\n  a\n  b:\n    session:', `2:3 ${colon}`],
    ['presets:\n  a:\n    session:\n      audio\n        output:\n          voice: x', `4:7 ${colon}`],
    [
      'presets:\n  a:\n    session:\n      instructions:\n        Hello\n        You are: kind',
      '5:9 a text of several lines needs | after its key',
    ],
    [
      'presets:\n  a:\n    session:\n<<<<<<< HEAD\n      model: x\n=======\n      model: y\n>>>>>>> other\n',
      `4:1 ${conflict}`,
      `6:1 ${conflict}`,
      `8:1 ${conflict}`,
    ],
    [
      'presets:\n  a:\n    session:\n      instructions: |\n        Hi\n<<<<<<< HEAD\r\n        you',
      `6:1 ${conflict}`,
    ],
  ])('%j', (text, ...problems) => {
    expect(linesOf(text)).toEqual(problems)
  })
})

const inBlock = 'a line of text needs quotes, or a deeper indentation than the key of its block'

describe('a mistake that YAML accepts is a problem of its key or value', () => {
  it.each<[lines: string, problem: string]>([
    ['instruc\u200btions: hi there', `["instruc\u200btions"]: ${space}`],
    ['instructions: 5', '.instructions: must be text; put it in quotes'],
    ['instructions\u00a0: hi there', `["instructions\u00a0"]: ${space}`],
    ['instructions: *bold*', `.instructions: ${aliases}`],
    [
      'instructions: |\n        You are a bot.\n      Be kind: always.',
      `["Be kind"]: is not a known field; ${inBlock}`,
    ],
  ])('%s', (lines, problem) => {
    expect(problemsOf(fileWith(lines))).toContainEqual(
      expect.stringContaining(` presets.a.session${problem}`),
    )
  })

  const slashes = 'JSON and YAML have no comments that begin with // or /*; use # in YAML, or delete it'
  it.each([
    ['{ // the presets\n "presets": {} }', slashes],
    ['{ /* the presets */ "presets": {} }', slashes],
    ['{\n  "presets": {\n    // first\n    "a": { "session": { "type": "realtime" } } } }', slashes],
    [
      '{ "presets": { "a": { "session": { "type": "realtime" "model": "x" } } } }',
      'a comma is missing between two members',
    ],
  ])('in JSON: %s', (text, message) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(` ${message}`))
  })
})

const cut = 'ends before the #, which begins a comment; put the whole text in quotes'
const typographic = 'begins with a typographic quote, which is part of the text; use " or \''
const anchor =
  'begins with a word after &, which YAML takes for a name and leaves out; put the whole text in quotes'
const hash =
  'begins after the # above, which begins a comment; put the whole text in quotes, or in a block after |'

describe('a mistake that only changes a text is a warning', () => {
  it.each<[typed: string, place?: string, message?: string]>([
    ['You are agent #1 of the team', '5:21', cut],
    ['Hello # there', '5:21', cut],
    ['Agent #1', '5:21', cut],
    ['“You are kind”', '5:21', typographic],
    ['«Soyez gentil»', '5:21', typographic],
    ['&kind You are kind', '5:27', anchor],
    ['# Role\n        You are kind', '6:9', hash],
    ['"You are agent #1 of the team"'],
    ['You are agent#1 of the team'],
    ['|\n        You are agent #1 of the team'],
    ['Bonjour\u00a0! Soyez gentil'],
    ['Say “hi” to all'],
    ['50% off, you & me'],
    ['"{{{{ * \'it\'"'],
    ['hi\n      tool_choice: auto # as a rule'],
  ])('instructions: %s', (typed, place, message) => {
    const { problems, warnings } = refusalsOf(instructing(` ${typed}`))
    const expected = `presets.yaml:${place} presets.a.session.instructions: ${message}`
    expect(problems).toEqual([])
    expect(warnings).toEqual(place === undefined ? [] : [expected])
  })
})
