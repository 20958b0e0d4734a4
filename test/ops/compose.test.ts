// docker-compose.yml as text: npm run drive:compose runs it.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { variableNames } from '../../src/config.ts'
import { ROOT } from '../support/service.ts'

const port = z.union([
  z.string(),
  z.object({ host_ip: z.string() }).transform(({ host_ip }) => `${host_ip}:`),
])
const volume = z.union([z.string(), z.object({ source: z.string() }).transform(({ source }) => source)])

const service = z.object({
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  mem_limit: z.string(),
  pids_limit: z.int(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(port).default([]),
  volumes: z.array(volume).default([]),
})

const { services } = z
  .object({ services: z.record(z.string(), service) })
  .parse(parse(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }))

const all = Object.entries(services).map(([name, facts]) => Object.assign({ name }, facts))

describe('docker-compose.yml', () => {
  it.each(all)('restricts $name', ({ read_only, cap_drop, security_opt }) => {
    expect({ read_only, cap_drop, security_opt }).toStrictEqual({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
  })

  it('publishes everything on loopback, unless an operator publishes the proxy', () => {
    const beyond = all.filter(({ ports }) => ports.some((text) => !text.startsWith('127.0.0.1:')))
    expect(beyond.map(({ name, ports }) => [name, ports])).toStrictEqual([
      ['proxy', ['${PUBLISH_ADDRESS:-127.0.0.1}:']],
    ])
  })

  it('sets the admin listener, and only settings that exist', () => {
    const settings = services['mint']?.environment ?? {}
    expect(settings).toMatchObject({ ADMIN_PORT: '9464', ADMIN_HOST: '0.0.0.0' })
    expect(Object.keys(settings).filter((name) => !variableNames.includes(name))).toStrictEqual([])
  })

  it('mounts directories that the example has', async () => {
    const mounted = all.flatMap(({ volumes }) =>
      volumes.flatMap((source) => /^\$\{LOCAL_DIR:-\.\/local\}\/(.+)$/.exec(source)?.[1] ?? []),
    )
    const found = await readdir(join(ROOT, 'deploy/compose'), { withFileTypes: true })
    const directories = found.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    expect([...new Set(mounted)].toSorted()).toStrictEqual(directories.toSorted())
  })

  it('has an example with settings that exist and that it does not set itself', async () => {
    const text = await readFile(join(ROOT, 'deploy/compose/settings.env'), 'utf8')
    const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)
    const own = Object.keys(services['mint']?.environment ?? {})
    expect(names).toStrictEqual(['ALLOWED_ORIGINS', 'AUTH_MODE'])
    expect(names.filter((name) => !variableNames.includes(name) || own.includes(name))).toStrictEqual([])
  })
})
