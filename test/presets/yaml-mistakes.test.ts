import { describe, expect, test } from 'vitest'
import { refusalsOf } from './support.ts'

/** A preset with these lines in its session, the first of which is line 5. */
function fileWith(lines: string): string {
  return `presets:\n  a:\n    session:\n      type: realtime\n${lines}\n      model: gpt-realtime-2.1\n`
}

const quotesFor = (what: string): string => `needs quotes: "${what} …"`
const tooLeft =
  'this line belongs to the block text above, but is too far left; indent it like the other lines of the text'
const apostrophe =
  "an apostrophe within single quotes ends the text; write it twice (''), or use double quotes"
const quote = 'a double quote within double quotes ends the text; write \\", or use single quotes'
const special = 'a value that begins with one of & % @ ` - needs quotes'
const oddSpace = 'has a non-breaking space; replace it with a space'
const slashes = 'JSON and YAML have no comments that begin with // or /*; use # in YAML, or delete it'
const cut = 'ends before the #, which begins a comment; put the whole text in quotes'
const typographic = 'begins with a typographic quote, which is part of the text; use " or \''

describe('a mistake in YAML is a problem with its place', () => {
  test.each<[lines: string, problem: string]>([
    ['      instructions: {{name}} is here', `5:22 a value that begins with {{ ${quotesFor('{{name}}')}`],
    ['      instructions: {{name}}', `5:22 a value that begins with {{ ${quotesFor('{{name}}')}`],
    ['      instructions: *bold* first', `5:28 a value that begins with * ${quotesFor('*bold*')}`],
    ['      instructions: **Role**: you', `5:29 a value that begins with * ${quotesFor('*bold*')}`],
    ['      instructions: |\n      You are a bot.\n      Be kind.', `6:7 ${tooLeft}`],
    ['      instructions: >-\n      You are a bot.', `6:7 ${tooLeft}`],
    ['      instructions: |\n        You are a bot.\n       Be kind.', `7:1 ${tooLeft}`],
    ["      instructions: 'You're kind'", `5:26 ${apostrophe}`],
    ["      instructions: 'It is what it's about, isn't it'", `5:36 ${apostrophe}`],
    ['      instructions: "Say "hi" to all"', `5:27 ${quote}`],
    ['      instructions: “You are: kind”', '5:21 typographic quotes do not quote; use " or \''],
    ['     \u00a0instructions: hi', `5:1 this line ${oddSpace}`],
    ['      instructions:\u00a0hi there', `5:7 this line ${oddSpace}`],
    ['      instructions:\u3000hi there', `5:7 this line ${oddSpace}`],
    ['      instructions: @home you are', `5:21 ${special}`],
    ['      instructions: `code`', `5:21 ${special}`],
    ['      instructions: %off', `5:21 ${special}`],
    ['      instructions: - one', `5:21 ${special}`],
    ['      instructions: >You are', '5:22 a text that begins with > or | needs quotes'],
    ['      instructions: | You are', '5:23 a text that begins with > or | needs quotes'],
    ['      instructions: [Role] you are', '5:28 a text that begins with [ or { needs quotes'],
    ['      instructions: Note: be kind', '5:21 a value with a colon in it needs quotes'],
    ['      instructions:Be kind', '5:7 a space is missing after the colon'],
    ['      instructions: "abc', '7:1 a quote is opened above and not closed'],
    [
      '      instructions: You are agent #1\n        of the team',
      '6:1 the # in the line above begins a comment, so that the text ends there; put the text in quotes',
    ],
  ])('%s', (lines, problem) => {
    const { problems } = refusalsOf(fileWith(lines))
    expect(problems.map(({ text }) => text)).toEqual([`presets.yaml:${problem}`])
  })
})

describe('a mistake that YAML accepts is a problem of its key or value', () => {
  test.each<[lines: string, problem: string]>([
    ['      instruc\u200btions: hi there', `presets.a.session["instruc\u200btions"]: ${oddSpace}`],
    ['      instructions: 5', 'presets.a.session.instructions: takes text; put it in quotes'],
    ['      instructions\u00a0: hi there', `presets.a.session["instructions\u00a0"]: ${oddSpace}`],
    [
      '      instructions: *bold*',
      'presets.a.session.instructions: aliases (*…) are not supported; write the value out, or put a text that begins with * in quotes',
    ],
    [
      '      instructions: |\n        You are a bot.\n      Be kind: always.',
      'presets.a.session["Be kind"]: is not a known field; a line of text needs quotes, or a deeper indentation than the key of its block',
    ],
  ])('%s', (lines, problem) => {
    const { problems } = refusalsOf(fileWith(lines))
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toContain(problem)
  })

  test.each([
    '{ // the presets\n "presets": {} }',
    '{ /* the presets */ "presets": {} }',
    '{\n  "presets": {\n    // first\n    "a": { "session": { "type": "realtime" } } } }',
  ])('JSON with comments: %s', (text) => {
    expect(refusalsOf(text).problems.map(({ message }) => message)).toContain(slashes)
  })

  test('JSON without a comma', () => {
    const text = '{ "presets": { "a": { "session": { "type": "realtime" "model": "x" } } } }'
    expect(refusalsOf(text).problems.map(({ message }) => message)).toEqual([
      'a comma is missing between two members',
    ])
  })
})

describe('a mistake that only changes a text is a warning', () => {
  test.each<[lines: string, message: string]>([
    ['      instructions: You are agent #1 of the team', cut],
    ['      instructions: Hello # there', cut],
    ['      instructions: Agent #1', cut],
    ['      instructions: “You are kind”', typographic],
    ['      instructions: ‘You are kind’', typographic],
    ['      instructions: «Soyez gentil»', typographic],
  ])('%s', (lines, message) => {
    const { problems, warnings } = refusalsOf(fileWith(lines))
    expect(problems).toEqual([])
    expect(warnings.map(({ text }) => text)).toEqual([
      `presets.yaml:5:21 presets.a.session.instructions: ${message}`,
    ])
  })

  test('a word after &, which YAML leaves out', () => {
    expect(refusalsOf(fileWith('      instructions: &kind You are kind'))).toMatchObject({
      problems: [],
      warnings: [
        { text: expect.stringMatching(/^presets.yaml:5:27 .*: begins with a word after &, .* in quotes$/) },
      ],
    })
  })

  test.each([
    '      tool_choice: auto # as a rule',
    '      instructions: "You are agent #1 of the team"',
    '      instructions: You are agent#1 of the team',
    '      instructions: |\n        You are agent #1 of the team',
    '      instructions: Bonjour\u00a0! Soyez gentil',
    '      instructions: Say “hi” to all',
    '      instructions: 50% off, you & me',
    '      instructions: "{{{{ * \'it\'"',
  ])('and no mistake is not: %s', (lines) => {
    expect(refusalsOf(fileWith(lines))).toEqual({ problems: [], warnings: [] })
  })
})
