/** What Prometheus sees, as values by name and labels. */
import type { AdminService } from '../admin/admin-service.ts'

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const toLabels = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))

export const parseSamples = (text: string): readonly Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, labels: toLabels(labels), value: Number(value) }]
  })

/** The text of `/metrics`, rendered after all that happened before the call. */
export async function scrape({ ask }: Pick<AdminService, 'ask'>): Promise<string> {
  const reply = await ask('/metrics')
  if (reply.status !== 200) throw new Error(`/metrics answered ${reply.status}`)
  return reply.text()
}

/** The values of one name with all these labels. */
export const valuesOf = (
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly number[] =>
  samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .map(({ value }) => value)
