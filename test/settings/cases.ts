/** Every variable: what it is without it, what it may be and what not. */
import { callerSettings } from './caller-cases.ts'
import { settingsOfRedis } from './redis-cases.ts'
import { type Setting, upstreamSettings, wrongNumbers } from './upstream-cases.ts'

const auditKey = 'an audit key that is only for tests'

const adminToken = 'an-admin-token-that-is-only-for-tests'

const trustNobody = [
  'true',
  'false',
  '1',
  '0',
  'loopback',
  'uniquelocal',
  '*',
  'proxy.example.com',
  '10.0.0.5:80',
] as const
const everybody = ['0.0.0.0/0', '::/0', '10.0.0.5,0.0.0.0/0'] as const
const badCidrs = [
  '10.0.0/8',
  '10.0.0.0/33',
  'fd00::/129',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/-1',
  '10.0.0.0/x',
] as const

export const settings: readonly Setting[] = [
  {
    name: 'HOST',
    read: ({ host }) => host,
    unset: '127.0.0.1',
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::', '::'],
    ],
    bad: [],
  },
  {
    name: 'PORT',
    read: ({ port }) => port,
    unset: 8080,
    good: [
      ['0', 0],
      ['443', 443],
      ['65535', 65_535],
    ],
    bad: wrongNumbers(65_535),
  },
  ...upstreamSettings,
  {
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
      '*',
      'null',
      ',',
      'https://a.example,*',
      'a.example',
      'https://',
      'https://a.example/',
      'https://a.example/path',
      'https://a.example?x',
      'https://A.example',
      'https://a.example:443',
      'http://a.example:80',
      'https://a.example b',
      'https://a.example;https://b.example',
      'file:///index.html',
      'data:text/html',
      'capacitor://',
      'capacitor://localhost/',
      'capacitor://user@localhost',
      'https://a.example\nhttps://b.example',
      ' https://a.example',
      'wss://a.example',
    ],
  },
  ...callerSettings,
  {
    name: 'PRESETS_FILE',
    read: ({ presetsFile }) => presetsFile,
    unset: 'presets.yaml',
    good: [['/etc/x', '/etc/x']],
    bad: [],
  },
  {
    name: 'DEFAULT_PRESET',
    read: ({ defaultPreset }) => defaultPreset,
    unset: undefined,
    good: [['one', 'one']],
    bad: [],
  },
  {
    name: 'RATE_LIMIT_PER_ADDRESS',
    read: ({ limits }) => limits.perAddress,
    unset: [{ limit: 60, windowMs: 60_000 }],
    good: [
      ['5/second', [{ limit: 5, windowMs: 1_000 }]],
      [
        '10/minute, 200/day',
        [
          { limit: 10, windowMs: 60_000 },
          { limit: 200, windowMs: 86_400_000 },
        ],
      ],
    ],
    bad: ['60', '0/minute', '60/minutes', '60/minute,', 'none', 'unlimited'],
  },
  {
    name: 'RATE_LIMIT_PER_CALLER',
    read: ({ limits }) => limits.perCaller,
    unset: [
      { limit: 10, windowMs: 60_000 },
      { limit: 200, windowMs: 86_400_000 },
    ],
    good: [['5/hour', [{ limit: 5, windowMs: 3_600_000 }]]],
    bad: ['10', '0/day', 'none'],
  },
  {
    name: 'RATE_LIMIT_TOTAL',
    read: ({ limits }) => limits.total,
    unset: [{ limit: 600, windowMs: 60_000 }],
    good: [['5/second', [{ limit: 5, windowMs: 1_000 }]]],
    bad: ['600', '0/day', 'none'],
  },
  ...settingsOfRedis,
  {
    name: 'TRUST_PROXY',
    read: ({ trustedProxies }) => trustedProxies,
    unset: [],
    good: [
      ['10.0.0.5', ['10.0.0.5']],
      ['10.0.0.0/8, fd00::/64,', ['10.0.0.0/8', 'fd00::/64']],
      ['::1,127.0.0.1/32', ['::1', '127.0.0.1/32']],
    ],
    bad: [...trustNobody, ...everybody, ...badCidrs],
  },
  {
    name: 'MAX_CONCURRENT_MINTS',
    read: ({ maxConcurrentMints }) => maxConcurrentMints,
    unset: 256,
    good: [
      ['1', 1],
      ['100000', 100_000],
    ],
    bad: ['0', ...wrongNumbers(100_000)],
  },
  {
    name: 'AUDIT_DIR',
    read: ({ audit }) => audit.directory,
    unset: './audit',
    good: [['/var/audit', '/var/audit']],
    bad: [],
  },
  {
    name: 'AUDIT_DURABILITY',
    read: ({ audit }) => audit.durability,
    unset: 'fsync',
    good: [
      ['fsync', 'fsync'],
      ['write', 'write'],
    ],
    bad: ['none', 'FSYNC', 'true'],
  },
  {
    name: 'AUDIT_IDENTITIES',
    read: ({ audit }) => audit.identities,
    unset: 'pseudonym',
    good: [
      ['pseudonym', 'pseudonym'],
      ['plain', 'plain'],
    ],
    bad: ['Plain', 'none', 'true'],
  },
  {
    name: 'AUDIT_RETENTION_DAYS',
    read: ({ audit }) => audit.retentionDays,
    unset: 180,
    good: [
      ['0', 0],
      ['1', 1],
      ['36500', 36_500],
    ],
    bad: wrongNumbers(36_500),
  },
  {
    name: 'AUDIT_KEY',
    read: ({ audit }) => audit.key?.reveal(),
    unset: undefined,
    good: [
      [auditKey, auditKey],
      ['x'.repeat(32), 'x'.repeat(32)],
    ],
    bad: [' ', 'x'.repeat(31), ` ${'x'.repeat(31)} `],
  },
  {
    name: 'ADMIN_PORT',
    read: ({ admin }) => admin?.port,
    unset: undefined,
    good: [
      ['0', 0],
      ['9090', 9090],
    ],
    bad: wrongNumbers(65_535),
  },
  {
    name: 'ADMIN_HOST',
    read: ({ admin }) => admin?.host ?? '127.0.0.1',
    unset: '127.0.0.1',
    beside: { ADMIN_PORT: '9090', ADMIN_TOKEN: adminToken },
    good: [
      ['0.0.0.0', '0.0.0.0'],
      ['::1', '::1'],
    ],
    bad: [],
  },
  {
    name: 'ADMIN_TOKEN',
    read: ({ admin }) => admin?.token?.reveal(),
    unset: undefined,
    beside: { ADMIN_PORT: '9090' },
    good: [
      [adminToken, adminToken],
      ['x'.repeat(512), 'x'.repeat(512)],
    ],
    bad: ['x'.repeat(31), 'x'.repeat(513), `${'x'.repeat(32)} y`, 'é'.repeat(32)],
  },
  {
    name: 'DRAIN_DELAY_SECONDS',
    read: ({ drainDelaySeconds }) => drainDelaySeconds,
    unset: 0,
    good: [
      ['0', 0],
      ['8', 8],
    ],
    bad: wrongNumbers(8),
  },
  {
    name: 'LOG_LEVEL',
    read: ({ logLevel }) => logLevel,
    unset: 'info',
    good: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map(
      (level) => [level, level] as const,
    ),
    bad: ['INFO', 'verbose', '30', 'off'],
  },
]
