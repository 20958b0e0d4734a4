// Who asks, if the demo runs with AUTH_MODE=jwt.
import { element, find } from './dom.js'

const callers = [
  { label: 'Ada, signed in', path: '/demo/token' },
  { label: 'Ada, with an expired token', path: '/demo/expired-token' },
  { label: 'nobody', path: '' },
]

const select = element(
  'select',
  { id: 'caller' },
  callers.map(({ label, path }) => element('option', { value: path }, [label])),
)

/** Shows the choice. Until then, callers are anonymous. */
export function offerSignIn() {
  find('#sign-in').hidden = false
  find('#callers').append(select)
}

/**
 * The function that a page passes as `token`, or undefined for a caller without one.
 * @returns {(() => Promise<string>) | undefined}
 */
export function readToken() {
  const path = select.value
  if (path === '' || !select.isConnected) return undefined
  return async () => (await fetch(path)).text()
}
