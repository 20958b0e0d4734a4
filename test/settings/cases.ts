/** Every setting: its default, valid texts with their values, and invalid texts with their problems. */
import type { LimitConfig } from '../../src/settings/limits.ts'
import { callerSettings } from './caller-cases.ts'
import { AUDIT_KEY, alike, choice, ENCODING, flag, type Setting, wholeNumber } from './support.ts'
import { upstreamSettings } from './upstream-cases.ts'

/** One limit, in milliseconds. */
const rule = (limit: number, windowMs: number) => ({ limit, windowMs })

const several = 'is more than one origin. Origins are separated by commas'
const wildcard = 'has a wildcard. List each origin, because a wildcard would let in foreign pages'
const schemeless = 'has no scheme. Write https:// before it, or http:// for localhost'
const canonical = 'entry 1 is not in canonical form. Write'
const notOfApp = 'entry 1 is not the origin of an app, such as capacitor://localhost'
const origins: Setting = {
  name: 'ALLOWED_ORIGINS',
  read: ({ allowedOrigins }) => [...allowedOrigins],
  unset: 'required',
  good: [
    ['https://a.example', ['https://a.example']],
    ['https://a.example , http://localhost:5173,', ['https://a.example', 'http://localhost:5173']],
    ['capacitor://localhost,tauri://localhost', ['capacitor://localhost', 'tauri://localhost']],
    ['chrome-extension://abc', ['chrome-extension://abc']],
    ['https://a.example,https://a.example', ['https://a.example']],
    ['http://[::1]:8080', ['http://[::1]:8080']],
  ],
  bad: [
    ['*', `entry 1 ${wildcard}`],
    ...alike('https://a.example,* https://a.example,https://*.example.com', `entry 2 ${wildcard}`),
    ['null', 'has the entry null, which needs AUTH_MODE=jwt: every sandboxed frame and local file sends it'],
    ['https://a.example,b.example', `entry 2 ${schemeless}`],
    ...alike('localhost:3000 a.example', `entry 1 ${schemeless}`),
    ...alike(', https:// file:///index.html data:text/html capacitor://'),
    ['wss://a.example', 'entry 1 is not an origin such as https://app.example.com'],
    ...alike(
      'https://a.example/ https://a.example/path https://a.example?x',
      `${canonical} https://a.example`,
    ),
    ...alike('https://a.example:443 https://u:password@a.example', `${canonical} https://a.example`),
    ['HTTPS://App.Example.com', `${canonical} https://app.example.com`],
    ['http://localhost:80', `${canonical} http://localhost`],
    ['https://bücher.example', `${canonical} https://xn--bcher-kva.example`],
    ['https://a.example https://b.example', `entry 1 ${several}`],
    ['https://a.example\nhttps://b.example', `entry 1 ${several}`],
    ['https://a.example;https://b.example', `entry 1 ${several}`],
    ['https://a.example,https://b.example;https://c.example', `entry 2 ${several}`],
    ...alike('capacitor://localhost/ capacitor://user@localhost', notOfApp),
  ],
}

const limitForm =
  'must be written like 60/minute, or several like 10/minute,200/day, separated by commas (second, minute, hour, day)'
const limit = (name: string, key: keyof LimitConfig, unset: LimitConfig['total']): Setting => ({
  name,
  read: ({ limits }) => limits[key],
  unset,
  good: [
    ['5/second', [rule(5, 1_000)]],
    ['10/minute, 200/day', [rule(10, 60_000), rule(200, 86_400_000)]],
    ['5/hour', [rule(5, 3_600_000)]],
  ],
  bad: alike('60 0/minute 60/minutes 60/minute, none unlimited 10/minute;200/day', limitForm),
})

const redisForm =
  'must be a URL such as redis://host:6379 or rediss://user:password@host:6379/0: it begins with redis:// or rediss://'
const oneServer = 'must name one server. Sentinel, Cluster and sockets are not supported'
const onlyDatabase = 'may end in the number of a database, such as /0, and in nothing else'
const noParameters = 'takes no parameters. Remove the "?" and what follows it'
const beside = { AUDIT_KEY, REDIS_URL: 'redis://127.0.0.1:6379' }
const redis: readonly Setting[] = [
  {
    name: 'REDIS_URL',
    read: (config) => config.redis?.url.reveal(),
    unset: undefined,
    beside: { AUDIT_KEY },
    good: [
      'redis://127.0.0.1:6379',
      'redis://redis',
      'redis://[::1]:6379/1',
      'rediss://mint:p%40ss@redis.example.com:6380/',
      'redis://:password@redis',
    ],
    bad: [
      ...alike('redis 127.0.0.1:6379 redis:// redis:///0 redis://redis:65536 http://redis'),
      ['redis:6379', redisForm],
      ...alike('redis+sentinel://a:26379/mymaster redis://a:6379,b:6379 unix:///run/redis.sock', oneServer),
      ...alike('redis://redis/name redis://redis/1/2', onlyDatabase),
      ...alike('redis://redis?db=1 rediss://redis?ssl_cert_reqs=none', noParameters),
      ['redis://redis#1', 'takes no fragment. Remove the "#" and what follows it'],
      ...alike('redis://mint:%zz@redis redis://mint:p@ss/word@redis:6379', ENCODING),
      ...alike('redis://mint:pass/word@redis redis://:pass#word@redis:6379', ENCODING),
    ],
  },
  flag('REDIS_REQUIRED', (config) => config.redis?.required ?? false, beside),
  { ...wholeNumber('REPLICAS', (config) => config.redis?.replicas ?? 1, 1, [1, 10_000]), beside },
]

const trustEveryone =
  'entry 1 is not the address or CIDR of a proxy, such as 10.0.0.5 or fd00::/64. true and hop counts would believe whatever a caller writes into X-Forwarded-For'
const proxies: Setting = {
  name: 'TRUST_PROXY',
  read: ({ trustedProxies }) => trustedProxies,
  unset: [],
  good: [
    ['10.0.0.5', ['10.0.0.5']],
    ['10.0.0.0/8, fd00::/64,', ['10.0.0.0/8', 'fd00::/64']],
    ['::1,127.0.0.1/32', ['::1', '127.0.0.1/32']],
  ],
  bad: [
    ...alike('true false 1 0 loopback uniquelocal * proxy.example.com 10.0.0.5:80', trustEveryone),
    ...alike('10.0.0/8 10.0.0.0/ 10.0.0.0/8/8 10.0.0.0/-1 10.0.0.0/x', trustEveryone),
    ...alike(
      '0.0.0.0/0 ::/0',
      'entry 1 covers every address, so any caller could spoof its address. List only your proxies',
    ),
    ...alike(
      '10.0.0.0/33 fd00::/129 10.0.0.0/999',
      'entry 1 has a prefix length that does not exist. Write at most /32 for IPv4, and /128 for IPv6',
    ),
    '10.0.0.5,0.0.0.0/0',
  ],
}

const adminToken = 'an-admin-token-that-is-only-for-tests'
const admin: readonly Setting[] = [
  wholeNumber('ADMIN_PORT', (config) => config.admin?.port, undefined, [0, 65_535]),
  {
    name: 'ADMIN_HOST',
    read: (config) => config.admin?.host ?? '127.0.0.1',
    unset: '127.0.0.1',
    beside: { ADMIN_PORT: '9090', ADMIN_TOKEN: adminToken },
    good: ['0.0.0.0', '::1'],
    bad: [],
  },
  {
    name: 'ADMIN_TOKEN',
    read: (config) => config.admin?.token?.reveal(),
    unset: undefined,
    beside: { ADMIN_PORT: '9090' },
    good: [adminToken, 'x'.repeat(512)],
    bad: ['x'.repeat(31), 'x'.repeat(513), `${'x'.repeat(32)} y`, 'é'.repeat(32)],
  },
]

const hostForm = 'must be an address or a host name without scheme and port, such as 0.0.0.0'

export const settings: readonly Setting[] = [
  {
    name: 'HOST',
    read: ({ host }) => host,
    unset: '127.0.0.1',
    good: ['0.0.0.0', '::'],
    bad: alike('http://0.0.0.0 0.0.0.0:8080 * [::]', hostForm),
  },
  wholeNumber('PORT', (config) => config.port, 8080, [0, 65_535]),
  ...upstreamSettings,
  origins,
  ...callerSettings,
  {
    name: 'PRESETS_FILE',
    read: ({ presetsFile }) => presetsFile,
    unset: 'presets.yaml',
    good: ['/etc/x'],
    bad: [],
  },
  {
    name: 'DEFAULT_PRESET',
    read: (config) => config.defaultPreset,
    unset: undefined,
    good: ['one'],
    bad: [],
  },
  limit('RATE_LIMIT_PER_ADDRESS', 'perAddress', [rule(60, 60_000)]),
  limit('RATE_LIMIT_PER_CALLER', 'perCaller', [rule(10, 60_000), rule(200, 86_400_000)]),
  limit('RATE_LIMIT_TOTAL', 'total', [rule(600, 60_000)]),
  ...redis,
  proxies,
  wholeNumber('MAX_CONCURRENT_MINTS', ({ maxConcurrentMints }) => maxConcurrentMints, 256, [1, 100_000]),
  {
    name: 'AUDIT_DIR',
    read: ({ audit }) => audit.directory,
    unset: './audit',
    good: ['/var/audit'],
    bad: [],
  },
  choice('AUDIT_DURABILITY', ({ audit }) => audit.durability, 'fsync write', 'none FSYNC true'),
  choice('AUDIT_IDENTITIES', ({ audit }) => audit.identities, 'pseudonym plain', 'Plain none true'),
  wholeNumber('AUDIT_RETENTION_DAYS', ({ audit }) => audit.retentionDays, 180, [0, 36_500]),
  flag('AUDIT_COPY_TO_LOG', ({ audit }) => audit.copyToLog, {}),
  {
    name: 'AUDIT_KEY',
    read: ({ audit }) => audit.key?.reveal(),
    unset: undefined,
    good: [AUDIT_KEY, 'x'.repeat(32)],
    bad: ['x'.repeat(31)],
  },
  ...admin,
  wholeNumber('DRAIN_DELAY_SECONDS', ({ drainDelaySeconds }) => drainDelaySeconds, 0, [0, 8]),
  choice(
    'LOG_LEVEL',
    ({ logLevel }) => logLevel,
    'info fatal error warn debug trace silent',
    'INFO verbose 30 off',
  ),
]
