/** Why Redis is unavailable, in a closed set. No text from Redis or the network is passed on. */
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
  MOVED: 'cluster',
  CROSSSLOT: 'cluster',
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
  /** The reply is not Redis's protocol, or answers another command. */
  | 'malformed'

const isFault = (word: string): word is keyof typeof faults => Object.hasOwn(faults, word)

const isReplyError = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError'

/** An error of one command. Redis starts errors with a word in capitals; before version 7 it quotes a script's error. */
export function toRedisFault(error: unknown): RedisFault {
  if (error instanceof RedisUnavailable) return error.fault
  if (!isReplyError(error)) return tlsCodes.test(codeOf(error) ?? '') ? 'untrusted' : 'unreachable'
  const word = error.message.match(/\b[A-Z]{3,}\b/g)?.find(isFault)
  return word === undefined ? 'refused' : faults[word]
}

/** Undefined for a command that ended with its connection: that does not say why. */
export const toCommandFault = (error: unknown): RedisFault | undefined =>
  error instanceof RedisUnavailable || isReplyError(error) || codeOf(error) !== undefined
    ? toRedisFault(error)
    : undefined

/** An error of the connection. Errors of the network have a code; the parser's have none. */
export const toConnectionFault = (error: unknown): RedisFault =>
  codeOf(error) === undefined && !isReplyError(error) ? 'malformed' : toRedisFault(error)

/** Redis may or may not have run the command. */
export class RedisUnavailable extends Error {
  readonly fault: RedisFault

  constructor(fault: RedisFault) {
    super(`redis: ${fault}`)
    this.name = 'RedisUnavailable'
    this.fault = fault
  }
}
