/** Certificates from a CA of the test's own, made at run time without openssl. */
import { randomUUID } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'

/** PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface CertificateOptions {
  /** DNS names. */
  readonly names?: readonly string[]
  readonly addresses?: readonly string[]
  /** Start and end of validity, in days from now. */
  readonly validDays?: readonly [from: number, to: number]
  /** Whether it is a server or a client certificate. */
  readonly use?: 'server' | 'client'
  /** Whether it is a CA. */
  readonly isAuthority?: boolean
  /** Undefined makes it self-signed. */
  readonly issuer?: Certificate
}

const DAY_MS = 86_400_000
const SAN_DNS = 2
const SAN_IP = 7

/** By default self-signed and valid for `localhost` and 127.0.0.1. */
export async function createCertificate(options: CertificateOptions = {}): Promise<Certificate> {
  const { names = ['localhost'], addresses = ['127.0.0.1'], issuer, isAuthority = false } = options
  const [fromDays, toDays] = options.validDays ?? [-1, 1]
  const isForServers = options.use !== 'client'
  const { private: key, cert } = await generate([{ name: 'commonName', value: randomUUID() }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() + fromDays * DAY_MS),
    notAfterDate: new Date(Date.now() + toDays * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: isAuthority, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: isAuthority, critical: true },
      { name: 'extKeyUsage', serverAuth: isForServers, clientAuth: !isForServers },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: SAN_DNS, value }) as const),
          ...addresses.map((ip) => ({ type: SAN_IP, ip }) as const),
        ],
      },
    ],
    ...(issuer === undefined ? {} : { ca: issuer }),
  })
  return { key, cert: `${cert}\n` }
}

/** A self-signed CA. */
export const createAuthority = (): Promise<Certificate> =>
  createCertificate({ names: ['authority.example.com'], addresses: [], isAuthority: true })

/** A CA that this process trusts from now on, as NODE_EXTRA_CA_CERTS does at startup. */
export async function createTrustedAuthority(): Promise<Certificate> {
  const authority = await createAuthority()
  setDefaultCACertificates([...getCACertificates('default'), authority.cert])
  return authority
}

/** Certificates for `localhost` that a client must refuse, although it trusts `authority`. */
export const wrongCertificates = (
  authority: Certificate,
): readonly (readonly [what: string, create: () => Promise<Certificate>])[] => [
  ['is signed by itself', () => createCertificate()],
  ['is of an unknown authority', async () => createCertificate({ issuer: await createAuthority() })],
  ['has expired', () => createCertificate({ issuer: authority, validDays: [-2, -1] })],
  ['is not yet valid', () => createCertificate({ issuer: authority, validDays: [1, 2] })],
  [
    'is for another name',
    () => createCertificate({ issuer: authority, names: ['other.example.com'], addresses: [] }),
  ],
  ['is for the address, not for the name', () => createCertificate({ issuer: authority, names: [] })],
]
