/** JSON Schema as data, and how the types that the SDK declares are narrowed to what OpenAI's server accepts. */

export interface SchemaNode {
  readonly type?: string | readonly string[]
  readonly const?: string | number
  readonly enum?: readonly (string | number)[]
  readonly anyOf?: readonly SchemaNode[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaNode
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
}

type Change = (node: SchemaNode) => SchemaNode

/** Applies `change` at a path such as `tools[].name`, in every alternative that has it. */
export function changeAt(node: SchemaNode, path: string, change: Change): SchemaNode {
  return walk(
    node,
    path.split(/\.|(?=\[\])/).filter((step) => step !== ''),
    change,
  )
}

function walk(node: SchemaNode, [step, ...rest]: readonly string[], change: Change): SchemaNode {
  if (step === undefined) return change(node)
  if (node.anyOf !== undefined) {
    return { ...node, anyOf: node.anyOf.map((branch) => walk(branch, [step, ...rest], change)) }
  }
  if (step === '[]' && node.items !== undefined) return { ...node, items: walk(node.items, rest, change) }
  const property = node.properties?.[step]
  if (property === undefined) return node
  return { ...node, properties: { ...node.properties, [step]: walk(property, rest, change) } }
}

/** The alternatives that are objects, or all of them for other changes. */
const eachBranch =
  (change: Change): Change =>
  (node) =>
    node.anyOf === undefined ? change(node) : { ...node, anyOf: node.anyOf.map(change) }

export const replace =
  (other: SchemaNode): Change =>
  () =>
    other

/** Adds keywords to a value, or to those of its alternatives that have the type. */
export const narrow = (keywords: SchemaNode): Change =>
  eachBranch((node) =>
    isOf(node, keywords.type) ? { ...node, ...keywords, type: withNull(node, keywords) } : node,
  )

const numbers: ReadonlySet<unknown> = new Set(['integer', 'number'])

function isOf({ type, const: only }: SchemaNode, wanted: SchemaNode['type']): boolean {
  const types = typeof type === 'string' ? [type] : (type ?? [])
  return (
    only === undefined && types.some((one) => one === wanted || (numbers.has(one) && numbers.has(wanted)))
  )
}

const withNull = ({ type }: SchemaNode, { type: wanted = 'string' }: SchemaNode): string | string[] =>
  Array.isArray(type) && type.includes('null') ? [String(wanted), 'null'] : String(wanted)

export const nullable: Change = (node) => ({ anyOf: [...(node.anyOf ?? [node]), { type: 'null' }] })

export const need = (...names: readonly string[]): Change =>
  eachBranch((node) => {
    const known = names.filter((name) => node.properties?.[name] !== undefined)
    return { ...node, required: [...new Set([...(node.required ?? []), ...known])] }
  })

/** Adds properties to the alternatives that are objects. */
export const extend = (properties: Readonly<Record<string, SchemaNode>>): Change =>
  eachBranch((node) =>
    node.properties === undefined ? node : { ...node, properties: { ...node.properties, ...properties } },
  )

export function nodeAt(node: SchemaNode, path: string): SchemaNode {
  let found: SchemaNode | undefined
  changeAt(node, path, (one) => {
    found ??= one
    return one
  })
  if (found === undefined) throw new Error(`the types have no ${path}`)
  return found
}
