/** Why Redis cannot be used, in a closed set: nothing that it or the network said is ever passed on. */
import { codeOf, tlsCodes } from '../errors.ts'

const faults = {
  READONLY: 'read_only',
  OOM: 'out_of_memory',
  MISCONF: 'cannot_save',
  LOADING: 'loading',
  BUSY: 'busy',
  MASTERDOWN: 'cut_off',
  CLUSTERDOWN: 'cut_off',
  NOREPLICAS: 'cut_off',
  NOAUTH: 'access_denied',
  WRONGPASS: 'access_denied',
  NOPERM: 'access_denied',
} as const

export type RedisFault =
  | (typeof faults)[keyof typeof faults]
  | 'unreachable'
  | 'untrusted'
  | 'timeout'
  | 'refused'

const isFault = (word: string): word is keyof typeof faults => Object.hasOwn(faults, word)

/** Redis begins its errors with a word in capitals; before version 7 it quotes those of a script further behind. */
export function toRedisFault(error: unknown): RedisFault {
  if (error instanceof RedisUnavailable) return error.fault
  if (!(error instanceof Error) || error.name !== 'ReplyError') {
    return tlsCodes.test(codeOf(error) ?? '') ? 'untrusted' : 'unreachable'
  }
  const word = error.message.match(/\b[A-Z]{3,}\b/g)?.find(isFault)
  return word === undefined ? 'refused' : faults[word]
}

/** Whatever was asked of Redis: it may or may not have been done. */
export class RedisUnavailable extends Error {
  readonly fault: RedisFault

  constructor(fault: RedisFault) {
    super(`redis: ${fault}`)
    this.name = 'RedisUnavailable'
    this.fault = fault
  }
}
