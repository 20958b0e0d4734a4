// What OpenAI accepts as a session's tools and as its choice among them.
import { z } from 'zod'

const jsonObject = z.record(z.string(), z.unknown())

export const functionTool = z.strictObject({
  type: z.literal('function').optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  parameters: jsonObject.optional(),
})

const toolFilter = z.strictObject({
  read_only: z.boolean().optional(),
  tool_names: z.array(z.string()).optional(),
})

const approval = z.union([
  z.enum(['always', 'never']),
  z.strictObject({ always: toolFilter.optional(), never: toolFilter.optional() }),
])

// The closed list is the SDK's (openai 7.57.0, RealtimeToolsConfigUnion.Mcp).
const connectors = [
  'connector_dropbox',
  'connector_gmail',
  'connector_googlecalendar',
  'connector_googledrive',
  'connector_microsoftteams',
  'connector_outlookcalendar',
  'connector_outlookemail',
  'connector_sharepoint',
] as const

const addresses = ['server_url', 'connector_id', 'tunnel_id'] as const

const mcpTool = z
  .strictObject({
    type: z.literal('mcp'),
    server_label: z.string(),
    server_url: z.string().optional(),
    connector_id: z.enum(connectors).optional(),
    tunnel_id: z
      .string()
      .regex(/^tunnel_[a-z0-9]{32}$/)
      .optional(),
    server_description: z.string().optional(),
    authorization: z.string().optional(),
    headers: z.record(z.string(), z.string()).nullable().optional(),
    allowed_tools: z
      .union([z.array(z.string()), toolFilter])
      .nullable()
      .optional(),
    require_approval: approval.nullable().optional(),
    defer_loading: z.boolean().optional(),
    allowed_callers: z
      .array(z.enum(['direct', 'programmatic']))
      .nullable()
      .optional(),
  })
  .superRefine((value, context) => {
    const given = addresses.filter((address) => value[address] !== undefined)
    if (given.length === 1) return
    const code = given.length === 0 ? 'missing_required_parameter' : 'mutually_exclusive_parameters'
    const message = `Give an MCP tool exactly one of: ${addresses.join(', ')}.`
    context.addIssue({ code: 'custom', path: [given[1] ?? 'server_url'], message, params: { code } })
  })

export const tools = z.array(z.discriminatedUnion('type', [functionTool, mcpTool]))

export const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), name: z.string() }),
    z.strictObject({
      type: z.literal('mcp'),
      server_label: z.string(),
      name: z.string().nullable().optional(),
    }),
  ]),
])
