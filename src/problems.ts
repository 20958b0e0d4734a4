/** What is wrong with settings and files, as lines for people. */

/** Everything that the operator must fix, one line each, by name and never by value. The process exits with 78. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  /** What has no effect, one line each: it often explains a problem. */
  readonly warnings: readonly string[]

  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
    this.warnings = warnings
  }
}

const MAX_LINES = 100
const MAX_LENGTH = 1_000

/** At most 100 lines of at most 1,000 characters, so that no file can produce a log line of any size. */
export function toListed(lines: readonly string[]): readonly string[] {
  const listed = lines
    .slice(0, MAX_LINES)
    .map((line) => (line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line))
  const more = lines.length - MAX_LINES
  return more > 0 ? [...listed, `and ${more} more`] : listed
}
