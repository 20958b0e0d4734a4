/** The line above everything else: what the page waits for, or why it shows old data. */
import { describe, RefusedError } from './api.js'
import { find } from './dom.js'
import { formatTime } from './format.js'
import { fields } from './view.js'

/** @param {string} text @param {'info' | 'bad' | ''} tone */
export function tell(text, tone) {
  const notice = find('#notice', HTMLElement)
  if (notice.textContent !== text) notice.textContent = text
  notice.className = tone
}

/**
 * @param {unknown} error
 * @param {{ answeredAt: number, zone: import('./format.js').Zone, retryMs: number | undefined }} page
 *   `answeredAt` is 0 before the first answer, and `retryMs` is undefined if the page does not try again by itself.
 */
export function tellError(error, { answeredAt, zone, retryMs }) {
  const text = describe(error)
  if (error instanceof RefusedError) {
    const label = fields.find(({ name }) => name === error.param)?.label
    return tell(label ? `The filter “${label}” does not accept this value. Remove it.` : text, 'bad')
  }
  const old =
    answeredAt === 0 ? '' : ` The page shows what was known at ${formatTime('time', answeredAt, zone)}.`
  const next =
    retryMs === undefined
      ? 'Turn on Live, or reload the page, to try again.'
      : `The next try is in ${retryMs / 1000} seconds.`
  return tell(`${text}${old} ${next}`, 'bad')
}
