/** The line above everything else: what the page waits for, or why it shows old data. */
import { RefusedError } from './api.js'
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
  if (error instanceof RefusedError) {
    const label = fields.find(({ name }) => name === error.param)?.label
    const text =
      label === undefined ? error.message : `The filter “${label}” does not take this value. Remove it.`
    return tell(text, 'bad')
  }
  const old =
    answeredAt === 0 ? '' : ` The page shows what was known at ${formatTime('time', answeredAt, zone)}.`
  return tell(`The service does not answer.${old} The next try is in 3 seconds.`, 'bad')
}
