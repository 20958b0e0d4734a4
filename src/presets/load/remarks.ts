/** What is doubtful about a session that its schema accepts: names, dates, and fields without an effect. */

import { isObject } from '../../json.ts'
import { type Path, valueAt } from '../json.ts'
import type { SessionType } from '../schema/ga.ts'
import {
  type Remark,
  reasons,
  remarkOnModel,
  remarkOnPrompt,
  type Upstream,
  voiceWarning,
} from '../schema/models.ts'
import type { Finding } from './findings.ts'

export interface Findings {
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Looks at a session in GA terms, valid or not. Paths start at the session. */
export function remarksOnSession(session: unknown, type: SessionType, upstream: Upstream): Findings {
  const doubts = [
    ...doubtsAboutReasoning(session),
    ...doubtsAboutTools(session),
    { path: ['instructions'], remark: remarkOnText(valueAt(session, ['instructions'])) },
    { path: languagePath, remark: remarkOnLanguage(valueAt(session, languagePath)) },
    ...(isObject(valueAt(session, ['prompt']))
      ? [{ path: ['prompt'], remark: remarkOnPrompt(upstream) }]
      : []),
    ...namePaths.map((path) => ({
      path,
      remark: remarkOnName(path.join('.'), valueAt(session, path), type, upstream),
    })),
  ]
  return toFindings(doubts)
}

/** Looks at the values that a preset's rules list. Paths start at the rules. */
export function remarksOnRules(
  rules: Readonly<Record<string, unknown>>,
  type: SessionType,
  upstream: Upstream,
): Findings {
  return toFindings(
    Object.entries(rules).flatMap(([path, values]) =>
      (Array.isArray(values) ? values : []).map((value: unknown, index) => ({
        path: [path, index],
        remark: remarkOnName(path, value, type, upstream),
      })),
    ),
  )
}

interface Doubt {
  readonly path: Path
  readonly remark: Remark | undefined
}

function toFindings(doubts: readonly Doubt[]): Findings {
  const pick = (isProblem: boolean): readonly Finding[] =>
    doubts.flatMap(({ path, remark }) =>
      remark?.isProblem === isProblem ? [{ path, message: remark.message }] : [],
    )
  return { problems: pick(true), warnings: pick(false) }
}

const warn = (message: string): Remark => ({ message, isProblem: false })

const namePaths: readonly Path[] = [
  ['model'],
  ['audio', 'input', 'transcription', 'model'],
  ['audio', 'output', 'voice'],
]

function remarkOnName(
  path: string,
  value: unknown,
  type: SessionType,
  upstream: Upstream,
): Remark | undefined {
  if (path === 'model') return remarkOnModel(value, type, upstream)
  if (path === 'audio.input.transcription.model') return remarkOnModel(value, 'transcription', upstream)
  if (path !== 'audio.output.voice') return undefined
  const message = voiceWarning(value)
  return message === undefined ? undefined : warn(message)
}

function doubtsAboutReasoning(session: unknown): readonly Doubt[] {
  const model = valueAt(session, ['model'])
  if (reasons(model)) return []
  return ['reasoning', 'parallel_tool_calls']
    .filter((field) => valueAt(session, [field]) !== undefined)
    .map((field) => ({
      path: [field],
      remark: warn(
        `has no effect with ${String(model)}, which does not reason; use gpt-realtime-2.1 or leave it out`,
      ),
    }))
}

function doubtsAboutTools(session: unknown): readonly Doubt[] {
  const given = valueAt(session, ['tools'])
  const tools: readonly unknown[] = Array.isArray(given) ? given : []
  const connectors = tools.flatMap((tool, index) =>
    valueAt(tool, ['connector_id']) === undefined
      ? []
      : [{ path: ['tools', index, 'connector_id'], remark: warn(deprecatedConnector) }],
  )
  return [
    ...connectors,
    { path: ['tool_choice'], remark: remarkOnChoice(valueAt(session, ['tool_choice']), tools) },
  ]
}

function remarkOnText(text: unknown): Remark | undefined {
  return typeof text === 'string' && /\$\{\w+\}/.test(text)
    ? warn('contains ${…}, which is sent as it is; write {{name}} and declare the variable')
    : undefined
}

const languagePath = ['audio', 'input', 'transcription', 'language'] as const

function remarkOnLanguage(language: unknown): Remark | undefined {
  return typeof language === 'string' && !/^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$/.test(language)
    ? warn('is not the code of a language; write one such as en')
    : undefined
}

const deprecatedConnector =
  'is deprecated: models released after 2026-09-01 do not take connectors; use server_url'

function remarkOnChoice(choice: unknown, tools: readonly unknown[]): Remark | undefined {
  if (choice === 'required')
    return tools.length > 0 ? undefined : warn('has no effect: the session has no tools')
  const [type, key] = valueAt(choice, ['type']) === 'mcp' ? ['mcp', 'server_label'] : ['function', 'name']
  const name = valueAt(choice, [key])
  if (typeof name !== 'string') return undefined
  const isThere = tools.some((tool) => valueAt(tool, ['type']) === type && valueAt(tool, [key]) === name)
  if (isThere) return undefined
  return warn(`names a tool that the session does not have; add it to tools or write auto`)
}
