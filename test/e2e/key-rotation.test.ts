import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createEnvironment, type ServiceProcess, startServiceProcess } from '../support/process.ts'
import { AUDIT_KEY, createTemporaryDirectory, ORIGIN, parseRecords, readAudit } from '../support/service.ts'
import { startReplier, toSecretBody } from '../support/upstream.ts'

const toKey = (name: string): string => `sk-rotation-0123456789-${name}`

interface Rotating {
  readonly service: ServiceProcess & { readonly url: string }
  readonly directory: string
  readonly file: string
  /** The keys that upstream was sent, in order. */
  readonly came: readonly string[]
  readonly auditDirectory: string
}

/** A service whose key stands in a file, as one mounts it: a link to a file in a folder that is a link itself. */
async function startRotating(): Promise<Rotating> {
  const came: string[] = []
  const baseUrl = await startReplier((request, response) => {
    came.push(request.headers.authorization?.replace('Bearer ', '') ?? '')
    request.resume()
    response.end(toSecretBody(`ek_of_request_${came.length}`))
  })
  const directory = await createTemporaryDirectory()
  const file = join(directory, 'key')
  await mount(directory, 'first')
  await symlink('..data/key', file)
  const { OPENAI_API_KEY: _, ...environment } = await createEnvironment(baseUrl)
  const service = await startServiceProcess({
    ...environment,
    OPENAI_API_KEY_FILE: file,
    AUDIT_KEY,
    RATE_LIMIT_PER_ADDRESS: '100000/second',
    RATE_LIMIT_PER_CALLER: '100000/second',
    RATE_LIMIT_TOTAL: '100000/second',
  })
  return { service, directory, file, came, auditDirectory: environment['AUDIT_DIR'] ?? '' }
}

/** As orchestrators do it: a new folder with all files, then one link is swapped. */
async function mount(directory: string, name: string): Promise<void> {
  const folder = `..${name}`
  await mkdir(join(directory, folder))
  await writeFile(join(directory, folder, 'key'), toKey(name))
  await symlink(folder, join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
}

async function mint(url: string): Promise<number> {
  const reply = await fetch(`${url}/v1/realtime/client_secrets?preset=voice-assistant`, {
    method: 'POST',
    headers: { origin: ORIGIN },
  })
  await reply.arrayBuffer()
  return reply.status
}

/** The key that upstream sees now. */
async function keyInForce({ service, came }: Rotating): Promise<string | undefined> {
  expect(await mint(service.url)).toBe(200)
  return came.at(-1)
}

const countOf = ({ service }: Rotating, pattern: RegExp): number =>
  service.stdout().match(pattern)?.length ?? 0

/** Changes the file, sends SIGHUP and waits for the answer. */
async function change(rotating: Rotating, answer: RegExp, work: () => Promise<unknown>): Promise<void> {
  const before = countOf(rotating, answer)
  await work()
  rotating.service.child.kill('SIGHUP')
  await vi.waitFor(() => expect(countOf(rotating, answer)).toBeGreaterThan(before), {
    timeout: 8_000,
    interval: 5,
  })
}

const REPLACED = /API key replaced/g
const KEPT = /API key not replaced/g

function lastRefusal({ service }: Rotating): unknown {
  const line = service
    .stdout()
    .split('\n')
    .findLast((text) => text.includes('API key not replaced'))
  return JSON.parse(line ?? 'null')
}

const { fingerprint } = deriveAuditKeys(new Secret(AUDIT_KEY))

async function keyRecords({ auditDirectory }: Rotating): Promise<unknown[]> {
  const records = parseRecords(await readAudit(auditDirectory))
  return records.filter(({ event }) => event === 'key').map(({ secret }) => secret)
}

async function expectNoKeyOutside({ service, auditDirectory }: Rotating): Promise<void> {
  const said = service.stdout() + service.stderr() + (await readAudit(auditDirectory))
  expect(said).not.toMatch(/sk-rotation|0123456789-/)
}

it('picks up a key that is swapped by symlink, replaced by rename or written in place', async () => {
  const rotating = await startRotating()
  const { directory, file } = rotating
  const arrives = (name: string) =>
    vi.waitFor(async () => expect(await keyInForce(rotating)).toBe(toKey(name)), {
      timeout: 8_000,
      interval: 50,
    })
  await arrives('first')

  await mount(directory, 'second')
  await arrives('second')

  await writeFile(`${file}.new`, toKey('third'))
  await rename(`${file}.new`, file)
  await arrives('third')

  await writeFile(file, toKey('fourth'))
  await arrives('fourth')

  await vi.waitFor(async () => {
    const expected = ['second', 'third', 'fourth'].map((name) =>
      new Secret(toKey(name)).fingerprint(fingerprint),
    )
    expect(await keyRecords(rotating)).toStrictEqual(expected)
  })
  await expectNoKeyOutside(rotating)
}, 40_000)

it('picks up a key at SIGHUP, with or without a line ending and a byte order mark, and records it if it changed', async () => {
  const rotating = await startRotating()
  const { service, file } = rotating
  const around = [`%\n`, `%\r\n`, `\uFEFF%`, `\uFEFF%\r\n`, '%']
  await inTurn(around.entries(), async ([index, text]) => {
    await change(rotating, REPLACED, () => writeFile(file, text.replace('%', toKey(`around-${index}`))))
    expect(await keyInForce(rotating)).toBe(toKey(`around-${index}`))
    // The same key with another ending.
    await writeFile(file, `${toKey(`around-${index}`)}\r\n`)
    service.child.kill('SIGHUP')
  })
  await vi.waitFor(async () => {
    const expected = around.map((_text, index) =>
      new Secret(toKey(`around-${index}`)).fingerprint(fingerprint),
    )
    expect(await keyRecords(rotating)).toStrictEqual(expected)
  })
  expect(countOf(rotating, REPLACED)).toBe(around.length)
  await expectNoKeyOutside(rotating)
}, 40_000)

it('keeps the last valid key while the file is invalid or missing, and says why without its content', async () => {
  const rotating = await startRotating()
  const { service, file, directory } = rotating
  const noKey = expect.stringMatching(/^OPENAI_API_KEY_FILE: .*API key/)
  const noFile = 'OPENAI_API_KEY_FILE: the file does not exist'
  const bad: readonly (readonly [content: string | undefined, sentence: unknown])[] = [
    ['', noKey],
    ['\r\n', noKey],
    [`${toKey('one')} \n`, 'OPENAI_API_KEY_FILE: begins or ends with a blank or a line break. Remove it'],
    [`"${toKey('one')}"`, 'OPENAI_API_KEY_FILE: has quotes around it. Remove them'],
    [`OPENAI_API_KEY=${toKey('one')}`, 'OPENAI_API_KEY_FILE: contains NAME=value. Write only the value'],
    ['canary', noKey],
    [`${toKey('one')} ${toKey('two')}`, noKey],
    [`${toKey('one')}\n${toKey('two')}\n`, noKey],
    [toKey('é'), noKey],
    [toKey('x'.repeat(8_192)), noKey],
    [undefined, noFile],
  ]
  await change(rotating, REPLACED, () => mount(directory, 'second'))
  await inTurn(bad, async ([content, sentence]) => {
    await change(rotating, KEPT, () => (content === undefined ? rm(file) : writeFile(file, content)))
    await vi.waitFor(() => expect(lastRefusal(rotating)).toMatchObject({ problem: sentence }))
    expect(await keyInForce(rotating)).toBe(toKey('second'))
  })
  // A directory in place of the file.
  await change(rotating, KEPT, () => mkdir(file))
  expect(await keyInForce(rotating)).toBe(toKey('second'))
  expect(await keyRecords(rotating)).toHaveLength(1)
  expect(service.stdout()).not.toContain('canary')
  expect(service.stdout()).not.toContain(directory)
  await expectNoKeyOutside(rotating)

  await rm(file, { recursive: true })
  await change(rotating, REPLACED, () => writeFile(file, toKey('fixed')))
  expect(await keyInForce(rotating)).toBe(toKey('fixed'))
}, 40_000)

it('fails no mint over twenty rotations', async () => {
  const rotating = await startRotating()
  const { service, file, came } = rotating
  const names = Array.from({ length: 20 }, (_, index) => `rotation-${index}`)
  const statuses: number[] = []
  const isOver = (): boolean => came.includes(toKey('rotation-19'))
  async function load(): Promise<void> {
    while (!isOver()) statuses.push(await mint(service.url))
  }
  async function rotate(): Promise<void> {
    await inTurn(names.entries(), async ([index, name]) => {
      await change(rotating, REPLACED, async () => {
        if (index % 2 === 0) return writeFile(file, toKey(name))
        await writeFile(`${file}.new`, toKey(name))
        return rename(`${file}.new`, file)
      })
      await vi.waitFor(() => expect(came).toContain(toKey(name)), { timeout: 8_000, interval: 5 })
    })
  }
  expect(await keyInForce(rotating)).toBe(toKey('first'))
  await Promise.all([rotate(), load(), load(), load(), load()])

  expect(new Set(statuses)).toStrictEqual(new Set([200]))
  expect(new Set(came)).toStrictEqual(new Set(['first', ...names].map(toKey)))
  const records = parseRecords(await readAudit(rotating.auditDirectory))
  expect(records.filter(({ outcome }) => outcome === 'issued')).toHaveLength(1 + statuses.length)
  await expectNoKeyOutside(rotating)
}, 90_000)
