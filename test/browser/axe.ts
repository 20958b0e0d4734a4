/** axe-core in the page. It is evaluated by the debugger, so the policy of the page stays as it is. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { z } from 'zod'

const found = z.array(
  z.object({
    id: z.string(),
    impact: z.string().nullable(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
)

/** Each rule that is broken, with the elements that break it. */
export async function findAxeViolations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const violations = found.parse(
    await page.evaluate('axe.run(document, { resultTypes: ["violations"] }).then((all) => all.violations)'),
  )
  return violations.map(
    ({ id, impact, nodes }) =>
      `${id} (${impact}): ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 120)} ${failureSummary}`).join('; ')}`,
  )
}
