/** A Markdown table. The first row has the headings. */
export function align(rows: readonly (readonly string[])[]): string {
  const [headings = []] = rows
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  )
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return lines.toSpliced(1, 0, rule).join('\n')
}

export const toVerdict = (subject: string, value: number, limit: number, unit = '×'): string =>
  `${subject} ≤ ${limit} ${unit}: ${value.toFixed(2)} ${unit}, ${value <= limit ? 'met' : 'missed'}`
