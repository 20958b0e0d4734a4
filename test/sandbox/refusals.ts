/** Rows of the tables of refusals. */

/** `param` is the field unless it says otherwise. */
export type Row = [field: string, value: unknown, code: string, param?: string]

export const missing = 'missing_required_parameter'
export const unknown = 'unknown_parameter'
export const invalid = 'invalid_value'
export const exclusive = 'mutually_exclusive_parameters'

/** Refusals of one member of an object: `[key, value, code]`. */
export const inside = (
  field: string,
  base: object,
  ...rows: readonly (readonly [string, unknown, string])[]
) => rows.map(([key, value, code]): Row => [field, { ...base, [key]: value }, code, `${field}.${key}`])

export const tool = (value: object, code: string, key: string): Row => [
  'tools',
  [{ type: 'function', name: 'fine' }, value],
  code,
  `tools[1].${key}`,
]

export const outside = (field: string, kind: 'integer' | 'decimal', below: number, above?: number): Row[] => [
  [field, below, `${kind}_below_min_value`],
  ...(above === undefined ? [] : [[field, above, `${kind}_above_max_value`] satisfies Row]),
]

/** An expiry at `path`. */
export const expiries = (path: string): Row[] => [
  ...[60, null].map((value): Row => [path, value, 'invalid_type']),
  [path, {}, missing, `${path}.anchor`],
  [path, { seconds: 60 }, missing, `${path}.anchor`],
  ...inside(path, {}, ['anchor', 'now', invalid]),
  ...inside(
    path,
    { anchor: 'created_at' },
    ['seconds', 9, 'integer_below_min_value'],
    ['seconds', 7201, 'integer_above_max_value'],
    ['seconds', 60.5, 'invalid_type'],
    ['seconds', '60', 'invalid_type'],
    ['seconds', null, 'invalid_type'],
    ['minutes', 1, unknown],
  ),
]
