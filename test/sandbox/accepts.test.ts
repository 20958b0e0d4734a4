/** What OpenAI accepts; what it refuses because of a type or a name follows from that. */
import { describe, expect, it } from 'vitest'
import { flat, input, lookUp, mutate, realtime, translation } from './accepted.ts'
import { flatPath, nest, post, refusalOf, refused, useSandbox } from './caller.ts'

const ga = '/realtime/client_secrets'
const translations = '/realtime/translations/client_secrets'

describe.each([
  { kind: 'realtime', fields: realtime, path: ga, base: { type: 'realtime' } },
  { kind: 'transcription', fields: input, path: ga, base: { type: 'transcription' } },
  { kind: 'translation', fields: translation, path: translations, base: { model: 'gpt-realtime-translate' } },
  { kind: 'flat', fields: flat, path: flatPath, base: {} },
])('a $kind session', ({ kind, fields, path, base }) => {
  const isFlat = kind === 'flat'
  const sandbox = useSandbox(isFlat ? { api: 'sessions' } : {})
  const ask = (session: object) =>
    post(sandbox(), isFlat ? session : { session: { ...base, ...session } }, { path })

  it.each(fields)('is accepted and echoed with %s', async (field, ...values) => {
    for (const value of values) {
      const response = await ask(nest(field, value))
      expect(response.status).toBe(200)
      const echo = nest(field, JSON.parse(JSON.stringify(value)))
      expect(await response.json()).toMatchObject(isFlat ? echo : { session: echo })
    }
  })

  it.each(fields)('is refused with another type or name in %s', async (field, ...values) => {
    const prefix = isFlat ? '' : 'session.'
    for (const [value, code, param] of values.flatMap((one) => Array.from(mutate(one, field)))) {
      expect(await refusalOf(ask(nest(field, value)))).toStrictEqual(refused(code, prefix + param))
    }
  })

  it('may be empty, and no field may be null unless null is accepted', async () => {
    expect((await ask({})).status).toBe(200)
    const nullable = new Set(fields.flatMap(([field, ...values]) => (values.includes(null) ? [field] : [])))
    const others = fields.map(([field]) => field).filter((field) => !nullable.has(field))
    for (const field of others) {
      const refusal = refused('invalid_type', `${isFlat ? '' : 'session.'}${field}`)
      expect(await refusalOf(ask(nest(field, null)))).toStrictEqual(refusal)
    }
  })
})

describe('a field that is accepted and not echoed', () => {
  const sandbox = useSandbox()

  it.each([true, false])('is parallel_tool_calls = %s, as at OpenAI', async (value) => {
    const response = await post(sandbox(), { session: { type: 'realtime', parallel_tool_calls: value } })
    expect(await response.json()).not.toHaveProperty('session.parallel_tool_calls')
    expect(response.status).toBe(200)
  })
})

describe('a flat tool_choice', () => {
  const sandbox = useSandbox({ api: 'sessions' })

  it('may name a function of the session', async () => {
    const session = { tools: [lookUp], tool_choice: 'look_up' }
    const response = await post(sandbox(), session, { path: flatPath })
    expect(await response.json()).toMatchObject(session)
  })
})
