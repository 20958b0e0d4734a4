import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  jsonValue,
  nat,
  oneof,
  record,
  string,
} from 'fast-check'
import { expect, it } from 'vitest'
import { MintError } from '../../src/client/client.js'
import { createFakeBrowser, issued, refused } from './fake-browser.ts'

const seconds = oneof(integer({ min: 1, max: 12 }), constant(null))
const scriptedReply = oneof(
  { weight: 6, arbitrary: record({ status: constantFrom(429, 503), seconds: integer({ min: 1, max: 12 }) }) },
  { weight: 2, arbitrary: record({ status: constantFrom(400, 403, 404, 429, 500, 502, 503, 504), seconds }) },
  { weight: 1, arbitrary: record({ status: constant(200), seconds: constant(null) }) },
)

const isRetried = ({ status, seconds: wait }: { status: number; seconds: number | null }): boolean =>
  [429, 503].includes(status) && wait !== null && wait <= 10

it('a call is retried at most twice, only after a 429 or 503 that asks for ten seconds or less, and waits that long', async () => {
  await assert(
    asyncProperty(array(scriptedReply, { minLength: 3, maxLength: 3 }), async (script) => {
      const { open, requests, play } = createFakeBrowser()
      const replies = script.map(({ status, seconds: wait }) =>
        status === 200
          ? issued()
          : refused(status, 'a_code', wait === null ? {} : { 'retry-after': String(wait) }),
      )
      const end = script.findIndex((reply) => !isRetried(reply))
      const asked = end === -1 ? 3 : end + 1
      const { error, ms } = await play(replies, open().secret())
      expect(error instanceof MintError ? error.status : 200).toBe(script[asked - 1]?.status)
      expect(requests).toHaveLength(asked)
      const waits = script.slice(0, asked - 1).map(({ seconds: wait }) => Number(wait) * 1000)
      expect(ms).toBe(waits.reduce((sum, wait) => sum + wait, 0))
    }),
  )
})

it('a call ends in a secret or a MintError, whatever another server answers', async () => {
  await assert(
    asyncProperty(
      oneof(
        jsonValue().map((value) => JSON.stringify(value)),
        string({ unit: 'binary' }),
      ),
      integer({ min: 200, max: 599 }).filter((status) => ![204, 205, 304].includes(status)),
      async (body, status) => {
        const { open, play } = createFakeBrowser()
        const { value, error } = await play([new Response(body, { status })], open().secret())
        expect(value !== undefined || error instanceof MintError).toBe(true)
      },
    ),
  )
})

type Step =
  | { readonly kind: 'call'; readonly guest: string }
  | { readonly kind: 'abort'; readonly index: number }
  | { readonly kind: 'answer' }

const step = oneof(
  record({ kind: constant('call' as const), guest: constantFrom('Ada', 'Grace') }),
  record({ kind: constant('abort' as const), index: nat({ max: 9 }) }),
  record({ kind: constant('answer' as const) }),
)

/** What should happen, told without promises. */
class Model {
  readonly open: { guest: string; callers: Set<number>; value: string }[] = []
  readonly ends: (string | undefined)[] = []
  minted = 0

  call(guest: string): void {
    let flight = this.open.find((one) => one.guest === guest)
    if (flight === undefined) {
      this.minted += 1
      flight = { guest, callers: new Set(), value: `ek_${this.minted}` }
      this.open.push(flight)
    }
    flight.callers.add(this.ends.push(undefined) - 1)
  }

  abort(index: number): void {
    const flight = this.open.find(({ callers }) => callers.delete(index))
    if (flight === undefined) return
    this.ends[index] = 'aborted'
    if (flight.callers.size === 0) this.open.splice(this.open.indexOf(flight), 1)
  }

  answer(): string | undefined {
    const flight = this.open.shift()
    for (const caller of flight?.callers ?? []) this.ends[caller] = flight?.value
    return flight?.value
  }
}

it('calls share exactly the requests that are open, and an abort ends exactly one call', async () => {
  await assert(
    asyncProperty(array(step, { maxLength: 30 }), async (steps: readonly Step[]) => {
      const { open, requests, answer, pass } = createFakeBrowser()
      const client = open()
      const model = new Model()
      const controllers: AbortController[] = []
      const ends: (string | undefined)[] = []
      const start = (guest: string): void => {
        const index = ends.push(undefined) - 1
        const controller = new AbortController()
        controllers.push(controller)
        client.secret({ signal: controller.signal, variables: { guest } }).then(
          ({ value }) => (ends[index] = value),
          (reason: unknown) => (ends[index] = String(reason)),
        )
      }
      for (const next of steps) {
        if (next.kind === 'call') {
          model.call(next.guest)
          start(next.guest)
        } else if (next.kind === 'abort') {
          model.abort(next.index)
          controllers[next.index]?.abort('aborted')
        } else {
          const value = model.answer()
          if (value !== undefined) await answer(issued(value))
        }
        await pass(0)
        expect(ends).toStrictEqual(model.ends)
        expect(requests).toHaveLength(model.minted)
      }
    }),
  )
})
