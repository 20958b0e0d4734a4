import { CodedError } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'

/** Why there is no usable key set at AUTH_JWKS_URL. Errors of the network keep the code of Node or undici. */
export const toKeySetError = (code: string): CodedError => new CodedError('the key set was not fetched', code)

const advice: ReadonlyMap<string, string> = new Map([
  ['html', 'is the address of an HTML page. Use the address of your issuer’s key set (JWKS)'],
  ['not_json', 'is not the address of JSON. Use the address of your issuer’s key set (JWKS)'],
  ['discovery_document', 'is the address of a discovery document. Use the jwks_uri that it names'],
  ['x509_map', 'is the address of a map of certificates. Use the key set (JWKS) of the same issuer'],
  ['not_a_key_set', 'is the address of JSON that is not a key set. A key set has a list named "keys"'],
  ['no_signing_key', 'is the address of a key set without a public key for signatures'],
  ['timeout', 'does not answer within 5 s. Check the address, the network and the proxy'],
  ['ENOTFOUND', 'names a host that does not exist'],
  ['ECONNREFUSED', 'names a host or port that accepts no connections'],
  [
    'UND_ERR_CONNECT_TIMEOUT',
    'accepts no connection within 1.5 s. Check the address, the network and the proxy',
  ],
  ['UND_ERR_HEADERS_TIMEOUT', 'cannot be reached: the proxy of HTTPS_PROXY does not answer'],
  ['UND_ERR_ABORTED', 'cannot be reached: the proxy of HTTPS_PROXY refuses the connection'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'answers with more than 256 KiB'],
])

/** What is wrong with AUTH_JWKS_URL and what to do, by our code or one of the network. */
export function toKeySetAdvice(code: string): string {
  const known = advice.get(code)
  if (known !== undefined) return known
  const [, status] = /^status_(\d{3})$/.exec(code) ?? []
  if (status === undefined) return `cannot be fetched (${code})`
  return status.startsWith('3')
    ? `redirects (status ${status}), and redirects are not followed. Use the address that it redirects to`
    : `answers with status ${status}`
}

/** The code for a text that is not a key set. */
export function toTextFault(text: string): string {
  const value = parseJson(text)
  if (value === undefined) return /^\s*</.test(text) ? 'html' : 'not_json'
  if (!isObject(value)) return 'not_a_key_set'
  if ('jwks_uri' in value) return 'discovery_document'
  const values = Object.values(value)
  const isMap = values.length > 0 && values.every((one) => String(one).startsWith('-----BEGIN CERTIFICATE'))
  return isMap ? 'x509_map' : 'not_a_key_set'
}
