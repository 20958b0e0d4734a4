/** The presets file as an operator writes it, in YAML or JSON. */
import { z } from 'zod'
import { rulesPattern } from '../../limits/rules.ts'
import { flatEntry } from './flat.ts'
import { gaSession } from './ga.ts'
import { anyJson, expirySeconds, recordOf } from './parts.ts'

export const MAX_PRESETS = 4_096
/** For the lists of a variable, a rule and a claim. */
const MAX_VALUES = 1_024

const presetName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9_-]{0,63}$/,
    'a name of 1 to 64 of a-z, 0-9, _ and -, which starts with neither _ nor -',
  )

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of letters, digits and _, which does not start with a digit')

export const variable = z
  .strictObject({
    enum: z.array(z.string()).min(1).max(MAX_VALUES).optional(),
    /** In code points. */
    max_length: z.int().min(1).max(4096).optional(),
    default: z.string().optional(),
  })
  .refine(
    (rule) => (rule.enum === undefined) !== (rule.max_length === undefined),
    'an object with either enum or max_length',
  )

export const overrideRule = z.union([
  z.literal(true),
  z.array(anyJson).min(1).max(MAX_VALUES),
  z
    .strictObject({
      min: z.number().optional(),
      max: z.number().optional(),
      max_length: z.int().min(0).optional(),
    })
    .refine(
      ({ min, max, max_length }) => (min === undefined && max === undefined) !== (max_length === undefined),
      'an object with min and max, or with max_length',
    )
    .refine(
      ({ min, max }) => min === undefined || max === undefined || min <= max,
      'an object whose min is not above max',
    ),
])

const limit = z.string().regex(rulesPattern, 'limits such as 5/minute or 10/minute,200/day')

const claimValue = z.union([z.string(), z.number(), z.boolean()])

/** The `type` of a session selects one of four shapes, so checkSession checks it. */
export const presetEntry = z.strictObject({
  description: z.string().optional(),
  expires_after_seconds: expirySeconds.optional(),
  variables: recordOf(variableName, variable).optional(),
  overrides: recordOf(z.string(), overrideRule).optional(),
  access: z
    .strictObject({
      origins: z.array(z.string()).min(1).max(MAX_VALUES).optional(),
      claims: recordOf(z.string(), z.array(claimValue).min(1).max(MAX_VALUES)).optional(),
    })
    .optional(),
  limits: z.strictObject({ per_caller: limit.optional(), total: limit.optional() }).optional(),
  session: z.unknown().optional(),
})

function fileOf<Entry extends z.ZodType>(entry: Entry) {
  return z.strictObject({
    /** For editors of JSON files. */
    $schema: z.string().optional(),
    presets: recordOf(presetName, entry, MAX_PRESETS),
  })
}

/** The file without its entries. */
export const presetsFrame = fileOf(z.unknown())

/** The whole file, for the JSON Schema that editors use. */
export const presetsFile = fileOf(presetEntry.extend({ session: z.union([gaSession, flatEntry]) }))

/**
 * The JSON Schema (draft 2020-12) of the presets file, for editors. It is generated from the schemas of the service,
 * and lacks the rules that JSON Schema cannot express.
 */
export function presetsJsonSchema(): object {
  return { title: 'realtime-mint presets', ...z.toJSONSchema(presetsFile, { io: 'input' }) }
}

export type VariableInput = z.infer<typeof variable>
export type RuleInput = z.infer<typeof overrideRule>
