/** `npm run docs:reasons` writes docs/reasons.md. A test compares the file with this output. */
import { findings } from '../src/audit-reader/findings.ts'
import { ServiceError } from '../src/errors.ts'
import { meanings } from '../src/reason-meanings.ts'
import { isReason, reasons } from '../src/reasons.ts'

const HEADING = `# Codes and reasons

This page is generated from \`src/errors.ts\`, \`src/reasons.ts\`, \`src/reason-meanings.ts\` and
\`src/audit-reader/findings.ts\`. After a change there, run \`npm run docs:reasons\`.

A caller sees the **code**. The log and the audit also have the **reason**, which is finer. For \`unauthenticated\` and
\`unknown_preset\` the caller’s message is the same for all reasons, so that it helps no attacker.
`

interface Group {
  readonly code: string
  readonly statuses: ReadonlySet<number>
  readonly message: string
  readonly retry: string
  readonly rows: readonly string[]
}

function toRetry({ shouldRetry, retryAfterSeconds }: ServiceError): string {
  if (!shouldRetry) return 'no: the reply says `X-Should-Retry: false`'
  return retryAfterSeconds === undefined ? 'no `Retry-After`' : 'after `Retry-After` seconds'
}

function toGroups(): readonly Group[] {
  const groups = Map.groupBy(Object.keys(reasons).filter(isReason), (reason) => reasons[reason].code)
  return [...groups].map(([code, names]) => {
    const errors = names.map((name) => new ServiceError(name))
    const [message = '', ...others] = new Set(errors.map((error) => error.message))
    return {
      code,
      statuses: new Set(errors.map(({ status }) => status)),
      message: others.length === 0 ? message : '',
      retry: [...new Set(errors.map(toRetry))].join('; '),
      rows: names.map((name) => `| \`${name}\` | ${meanings[name]} |`),
    }
  })
}

const toSection = ({ code, statuses, message, retry, rows }: Group): string => `
## ${code}

- Status: ${[...statuses].toSorted((a, b) => a - b).join(', ')}
- Retry: ${retry}
${message === '' ? '- Message: one for each reason' : `- Message: “${message}”`}

| reason | what it means, and what to do |
|---|---|
${rows.join('\n')}
`

const exitCodes = { whole: 0, tampered: 1, torn: 2, unchecked: 3 }

const toFindings = (): string => `
## Findings of audit verify

| finding | exit code | what it means | what to do |
|---|---|---|---|
${Object.entries(findings)
  .map(
    ([name, { verdict, means, advice }]) => `| \`${name}\` | ${exitCodes[verdict]} | ${means} | ${advice} |`,
  )
  .join('\n')}
`

export const toReasonsPage = (): string => HEADING + toGroups().map(toSection).join('') + toFindings()

if (import.meta.main) process.stdout.write(toReasonsPage())
