/** The variables that tell how replicas hold their limits together. */
import type { Setting } from './upstream-cases.ts'
import { wrongNumbers } from './upstream-cases.ts'

const auditKey = 'an audit key that is only for tests'
const url = 'redis://127.0.0.1:6379'

export const settingsOfRedis: readonly Setting[] = [
  {
    name: 'REDIS_URL',
    read: ({ redis }) => redis?.url.reveal(),
    unset: undefined,
    beside: { AUDIT_KEY: auditKey },
    good: [
      [url, url],
      ['redis://redis', 'redis://redis'],
      ['redis://[::1]:6379/1', 'redis://[::1]:6379/1'],
      ['rediss://mint:p%40ss@redis.example.com:6380/', 'rediss://mint:p%40ss@redis.example.com:6380/'],
      ['redis://:password@redis', 'redis://:password@redis'],
    ],
    bad: [
      'redis',
      'redis:6379',
      '127.0.0.1:6379',
      'redis://',
      'redis:///0',
      'http://redis',
      'unix:///run/redis.sock',
      'redis://redis/name',
      'redis://redis/1/2',
      'redis://redis?db=1',
      'redis://redis#1',
      'redis://mint:%zz@redis',
      'redis://mint:pass/word@redis',
      'redis://mint:pass#word@redis',
      'redis://redis?ssl_cert_reqs=none',
      'redis://redis:65536',
    ],
  },
  {
    name: 'REDIS_REQUIRED',
    read: ({ redis }) => redis?.required ?? false,
    unset: false,
    beside: { AUDIT_KEY: auditKey, REDIS_URL: url },
    good: [
      ['true', true],
      ['false', false],
    ],
    bad: ['1', 'yes', 'TRUE'],
  },
  {
    name: 'REPLICAS',
    read: ({ redis }) => redis?.replicas ?? 1,
    unset: 1,
    beside: { AUDIT_KEY: auditKey, REDIS_URL: url },
    good: [
      ['1', 1],
      ['10000', 10_000],
    ],
    bad: ['0', ...wrongNumbers(10_000)],
  },
]
