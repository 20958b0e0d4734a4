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

/** @param {unknown} error @param {number} answeredAt 0 before the first answer. @param {import('./format.js').Zone} zone */
export function tellError(error, answeredAt, zone) {
  const text = describe(error)
  if (error instanceof RefusedError) {
    const label = fields.find(({ name }) => name === error.param)?.label
    return tell(label ? `The filter “${label}” does not take this value. Remove it.` : text, 'bad')
  }
  const old =
    answeredAt === 0 ? '' : ` The page shows what was known at ${formatTime('time', answeredAt, zone)}.`
  return tell(`${text}${old} The next try is in 3 seconds.`, 'bad')
}
