// The manifests of deploy/kubernetes: their fields and types by Kubernetes' API, and what they must agree on.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { createGenerator } from 'ts-json-schema-generator'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { variableNames } from '../../src/config.ts'
import { problemsOf } from '../presets/support.ts'
import { ROOT } from '../support/service.ts'
import type { Kinds } from './kubernetes-kinds.ts'

const FOLDER = join(ROOT, 'deploy/kubernetes/base')

const textOf = (name: string): Promise<string> => readFile(join(FOLDER, name), 'utf8')

const kustomization = z
  .object({ resources: z.array(z.string()), configMapGenerator: z.array(z.object({ name: z.string() })) })
  .parse(parse(await textOf('kustomization.yaml')))

const manifest = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })

const manifests = (
  await Promise.all(
    kustomization.resources.map(async (name) =>
      parseAllDocuments(await textOf(name)).map((document) => manifest.parse(document.toJS())),
    ),
  )
).flat()

const all = manifests.map((content) => ({ kind: content.kind, name: content.metadata.name, content }))

const find = (kind: keyof Kinds, name = 'realtime-mint'): unknown =>
  all.find((one) => one.kind === kind && one.name === name)?.content

/** Strict: a field that the API does not know is an error, as with `kubectl apply --validate=strict`. */
const schema = createGenerator({
  path: join(import.meta.dirname, 'kubernetes-kinds.ts'),
  type: 'Kinds',
  tsconfig: join(ROOT, 'tsconfig.json'),
  expose: 'none',
  jsDoc: 'none',
  additionalProperties: false,
  skipTypeCheck: true,
}).createSchema('Kinds')

const check = new Ajv({ strict: false, allErrors: true }).compile(
  z.record(z.string(), z.unknown()).parse(schema),
)

/** Each refused field or value. */
function errorsOf(kind: string, content: unknown): readonly string[] {
  check({ [kind]: content })
  const errors = check.errors ?? []
  // Only one kind at a time.
  return errors
    .filter(({ instancePath, keyword }) => instancePath !== '' || keyword !== 'required')
    .map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const environment = z.array(z.object({ name: z.string(), value: z.string() }))

const deployment = z
  .object({
    spec: z.object({
      selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      template: z.object({
        metadata: z.object({ labels: z.record(z.string(), z.string()) }),
        spec: z.object({
          containers: z.tuple([z.looseObject({ env: environment, securityContext: z.unknown() })]),
          volumes: z.array(z.looseObject({ name: z.string() })),
        }),
      }),
    }),
  })
  .parse(find('Deployment'))

const [container] = deployment.spec.template.spec.containers
const settings = new Map(container.env.map(({ name, value }) => [name, value]))

const rulesOf = (text: string): readonly string[] =>
  (/<<EOF\n([\s\S]*?)EOF\n/.exec(text)?.[1] ?? '').split('\n').map((line) => line.trim())

describe('deploy/kubernetes', () => {
  it.each(all)('$kind $name has the fields and types of the API', ({ kind, content }) => {
    expect(errorsOf(kind, content)).toStrictEqual([])
  })

  it('is checked strictly: an unknown field, a wrong type and a missing field are found', () => {
    const spec = { replicas: 'two', template: {}, paused: false, extra: 1 }
    expect(errorsOf('Deployment', { spec })).toStrictEqual([
      "/Deployment/spec must have required property 'selector'",
      '/Deployment/spec must NOT have additional properties',
      '/Deployment/spec/replicas must be number',
    ])
  })

  it('applies every manifest of its folder', async () => {
    const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml'))
    const applied = ['kustomization.yaml', 'presets.yaml', ...kustomization.resources]
    expect(names.toSorted()).toStrictEqual(applied.toSorted())
  })

  it('sets only settings that exist, each in one place', async () => {
    const text = await textOf('settings.env')
    const given = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)
    const names = [...given, ...settings.keys()]
    expect(names.filter((name) => !variableNames.includes(name))).toStrictEqual([])
    expect(new Set(names).size).toBe(names.length)
  })

  it('has presets without a problem', async () => {
    expect(problemsOf(await textOf('presets.yaml'))).toStrictEqual([])
  })

  it('shares the limits among as many replicas as the autoscaler may start', () => {
    const { spec } = z
      .object({ spec: z.object({ maxReplicas: z.int() }) })
      .parse(find('HorizontalPodAutoscaler'))
    expect(settings.get('REPLICAS')).toBe(String(spec.maxReplicas))
  })

  it('selects the pods of the deployment everywhere', () => {
    const { labels } = deployment.spec.template.metadata
    const labelled = z.object({ spec: z.object({ selector: z.record(z.string(), z.string()) }) })
    const selecting = z.object({ spec: z.object({ selector: z.object({ matchLabels: z.unknown() }) }) })
    const policy = z.object({ spec: z.object({ podSelector: z.object({ matchLabels: z.unknown() }) }) })
    expect([
      labelled.parse(find('Service')).spec.selector,
      labelled.parse(find('Service', 'realtime-mint-admin')).spec.selector,
      selecting.parse(find('PodDisruptionBudget')).spec.selector.matchLabels,
      policy.parse(find('NetworkPolicy')).spec.podSelector.matchLabels,
      deployment.spec.selector.matchLabels,
    ]).toStrictEqual(Array.from({ length: 5 }, () => labels))
  })

  it('allows the pods no more than they need', () => {
    expect(container.securityContext).toStrictEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  })

  it('starts Valkey with the rules of docker-compose.yml', async () => {
    const composed = rulesOf(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'))
    expect(composed.length).toBeGreaterThan(5)
    expect(rulesOf(await textOf('valkey.yaml'))).toStrictEqual(
      composed.map((line) => line.replaceAll('$$', '$')),
    )
  })
})
