// The failures that a visitor can cause. The sandbox plays those of upstream.

/** @import { Failure } from './page-types.ts' */

/** @type {readonly Failure[]} */
export const failures = [
  {
    title: 'Wrong origin',
    text: 'not in ALLOWED_ORIGINS',
    kind: 'origin',
    lesson:
      'The browser asks first, the service refuses with 403, and the page may not even read that. The log names the origin: add yours to ALLOWED_ORIGINS. This one is null, of a sandboxed frame: serve such a page from an http or https address.',
  },
  {
    title: 'Unknown preset',
    text: '404',
    kind: 'ask',
    lesson: 'A preset that does not exist and one that this caller may not have look the same.',
    change: () => ({ preset: 'no-such-preset' }),
  },
  {
    title: 'Forbidden change',
    text: '403',
    kind: 'ask',
    lesson: 'Only what the preset opens may change. param names the field.',
    change: (ask) => ({
      ...ask,
      session: { type: 'realtime', model: 'a-model-of-mine' },
      preset: ask.preset,
    }),
  },
  {
    title: 'Too many requests',
    text: '429',
    kind: 'limit',
    lesson:
      'Retry-After says how many seconds to wait. That is more than 10 here, so the client does not retry: tell the user.',
  },
  {
    title: 'Wrong API key',
    text: '401 there, 502 here',
    kind: 'ask',
    lesson:
      'A 401 from OpenAI means that the service’s key is wrong. It is never a 401 to the page, which would sign its user out.',
    order: { behaviour: { kind: 'status', status: 401, code: 'invalid_api_key' }, times: 2 },
  },
  {
    title: 'OpenAI is busy',
    text: '429 there, retried',
    kind: 'ask',
    lesson: 'The client waited for as long as Retry-After said, and tried again.',
    order: { behaviour: { kind: 'status', status: 429, headers: { 'retry-after': '2' } }, times: 1 },
  },
  {
    title: 'OpenAI is down',
    text: '503 there, given up',
    kind: 'ask',
    lesson: 'The client gives up after two retries. For each, the service asks OpenAI twice.',
    order: { behaviour: { kind: 'status', status: 503 } },
  },
  {
    title: 'Expired secret',
    text: 'refused by OpenAI',
    kind: 'expired',
    lesson:
      'The sandbox let a fresh secret expire before the page connected. A secret only starts a session: mint right before you connect, and mint again to reconnect.',
  },
  {
    title: 'Slow',
    text: '3 seconds',
    kind: 'ask',
    lesson: 'The expiry counts from when OpenAI made the secret. Pass a signal to give up earlier.',
    order: { behaviour: { kind: 'delay', ms: 3000 }, times: 1 },
  },
  {
    title: 'No answer',
    text: '504 after 8 seconds',
    kind: 'ask',
    lesson: 'The service waits for 8 seconds at most, so a page never waits without an end.',
    order: { behaviour: { kind: 'hang' }, times: 1 },
  },
]
