/** Certificates of an authority of the test's own, made on the spot: no openssl is needed for them. */
import { randomUUID } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'

/** In PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface CertificateOptions {
  /** DNS names. */
  readonly names?: readonly string[]
  readonly addresses?: readonly string[]
  /** When it becomes valid, and when it ceases to be; days from now. */
  readonly validDays?: readonly [from: number, to: number]
  /** Whether it is for servers or for clients. */
  readonly use?: 'server' | 'client'
  /** Whether it may issue others. */
  readonly isAuthority?: boolean
  /** Undefined: it signs itself. */
  readonly issuer?: Certificate
}

const DAY_MS = 86_400_000
const SAN_DNS = 2
const SAN_IP = 7

/** Valid for `localhost` and 127.0.0.1 and signed by itself, but for what the options change. */
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

/** Signed by itself, for nothing but signing others. */
export const createAuthority = (): Promise<Certificate> =>
  createCertificate({ names: ['authority.example.com'], addresses: [], isAuthority: true })

/** From now on this process trusts what `authority` signs, as one started with NODE_EXTRA_CA_CERTS does. */
export function trust(authority: Certificate): void {
  setDefaultCACertificates([...getCACertificates('default'), authority.cert])
}
