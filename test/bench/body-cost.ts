/** What the worst bodies of 16 KiB cost, beside an ordinary one. Prints the fastest of many runs for each. */
import { readFileSync } from 'node:fs'
import { ServiceError } from '../../src/errors.ts'
import { parseJsonObject } from '../../src/json.ts'
import type { Preset } from '../../src/presets/preset.ts'
import { parseClientSecretsRequest, parseSessionsRequest } from '../../src/presets/request/mint-request.ts'
import { buildUpstreamRequest } from '../../src/presets/request/upstream-request.ts'
import { catalogOf } from '../presets/support.ts'

const BODY_BYTES = 16 * 1024
const RUNS = 200

/** As many items as fit between the ends. */
function fill(start: string, end: string, item: (index: number) => string): string {
  const items: string[] = []
  let length = start.length + end.length
  for (let index = 0; ; index += 1) {
    const text = item(index)
    length += text.length + 1
    if (length > BODY_BYTES) return `${start}${items.join(',')}${end}`
    items.push(text)
  }
}

const key = (index: number): string => `"${index.toString(36)}":1`
const tool = '{"session":{"tools":[{"type":"function","name":"f","parameters":'
const mcp = '{"type":"mcp","server_label":"a","server_url":"a","allowed_tools":[1,1,1,1]}'

const gaBodies: Readonly<Record<string, string>> = {
  'only a preset': '{"preset":"voice-assistant"}',
  'empty tools': fill('{"session":{"tools":[', ']}}', () => '{}'),
  includes: fill('{"session":{"include":[', ']}}', () => '1'),
  'tool filters': fill('{"session":{"tools":[', ']}}', () => mcp),
  'unknown keys': fill('{"session":{', '}}', key),
  'unknown keys below': fill('{"session":{"truncation":{', '}}}', key),
  'keys of parameters': fill(`${tool}{`, '}}]}}', key),
  'items in parameters': fill(`${tool}{"a":[`, ']}}]}}', () => '{}'),
  'nested lists': fill('{"session":{"tracing":{"metadata":[', ']}}}', () => '['.repeat(24) + ']'.repeat(24)),
  brackets: `{"session":{"tracing":{"metadata":${'['.repeat(8_000)}${']'.repeat(8_000)}}}}`,
  variables: fill('{"variables":{', '}}', (index) => `"${index.toString(36)}":""`),
  braces: `{"session":{"instructions":"${'{{'.repeat(8_000)}"}}`,
  escapes: `{"session":{"instructions":"${'\\u00e9'.repeat(2_700)}"}}`,
}

const flatBodies: Readonly<Record<string, string>> = {
  'flat tools': fill('{"tools":[', ']}', () => '{}'),
  'flat modalities': fill('{"modalities":[', ']}', () => '1'),
  'flat unknown keys': fill('{', '}', key),
}

function run(body: Uint8Array, isFlat: boolean, preset: Preset): void {
  const parsed = parseJsonObject(body)
  if (typeof parsed === 'string') return
  try {
    buildUpstreamRequest(preset, isFlat ? parseSessionsRequest(parsed) : parseClientSecretsRequest(parsed))
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
  }
}

function fastestMs(task: () => void): number {
  let fastest = Number.POSITIVE_INFINITY
  for (let index = 0; index < RUNS; index += 1) {
    const start = performance.now()
    task()
    fastest = Math.min(fastest, performance.now() - start)
  }
  return fastest
}

const file = readFileSync(new URL('../../presets.yaml', import.meta.url), 'utf8')
const preset = catalogOf(file).presets.get('voice-assistant')
if (preset === undefined) throw new Error('there is no such preset')

for (const [bodies, isFlat] of [
  [gaBodies, false],
  [flatBodies, true],
] as const) {
  for (const [name, text] of Object.entries(bodies)) {
    const body = Buffer.from(text)
    const all = fastestMs(() => run(body, isFlat, preset))
    const json = fastestMs(() => void parseJsonObject(body))
    process.stdout.write(`${name.padEnd(22)}${all.toFixed(3)} ms, of which JSON ${json.toFixed(3)} ms\n`)
  }
}
