import { createHash } from 'node:crypto'

import { AppError } from './errors.ts'
import { Secret } from './secret.ts'

/** What a proxy URL may begin with. */
export type ProxyScheme = 'http' | 'https' | 'socks5'

/** A proxy URL that was checked. */
export interface ProxyUrl {
  /** As given, but for the white space around it. */
  readonly text: Secret<string>
  /** In lower case, whatever the text has. */
  readonly scheme: ProxyScheme
  /** Lower-case hex SHA-256 of the text. */
  readonly sha256: string
  /** What people are shown. */
  readonly masked: string
}

const MAX_BYTES = 2048
const MASK = '***'
const NOT_A_URL =
  'proxy_url is not a valid URL; percent-encode special characters in the user name and the password'

const SCHEME = /^(http|https|socks5):/i
// What Python calls white space and JavaScript does not counts too: both ends must agree on what a URL is.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const WHITE_SPACE = /[\s\u001c-\u001f\u0085]/
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Reads what a user saved as proxy.
 *
 * @returns `null` for blank text: the user wants no proxy
 * @throws AppError `PROXY_INVALID`; no message holds any part of the text
 */
export function parseProxyUrl(text: string): ProxyUrl | null {
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (Buffer.byteLength(trimmed) > MAX_BYTES) throw invalid('proxy_url is too large')
  if (WHITE_SPACE.test(trimmed)) throw invalid('proxy_url must not contain whitespace')
  const scheme = SCHEME.exec(trimmed)?.[1]?.toLowerCase()
  if (scheme === undefined) throw invalid('proxy_url scheme must be http, https, or socks5')
  checkAddress(trimmed)
  return {
    text: new Secret(trimmed),
    scheme: scheme as ProxyScheme,
    sha256: createHash('sha256').update(trimmed, 'utf8').digest('hex'),
    masked: maskProxyUrl(trimmed),
  }
}

/**
 * Hides what is secret in a proxy URL: user-info becomes `***:***` (and the host lower-case), the values of the query and
 * the fragment `***`. An `@` behind the address is most likely the end of a password with a `/`, `?` or `#` in it, so all
 * up to it is hidden too. A text that is no URL is hidden whole.
 */
export function maskProxyUrl(text: string): string {
  const parts = splitUrl(text)
  if (parts === null) return MASK
  const host =
    parts.userInfo === null ? parts.hostAndPort : `${MASK}:${MASK}@${parts.hostAndPort.toLowerCase()}`
  return `${parts.scheme}://${host}${maskRest(parts.rest)}`
}

function maskRest(rest: string): string {
  if (rest.includes('@')) return `${rest.charAt(0)}${MASK}`
  const [, path = '', query = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest) ?? []
  return `${path}${maskQuery(query)}${fragment.length > 1 ? `#${MASK}` : fragment}`
}

function maskQuery(query: string): string {
  if (query.length <= 1) return query
  const pairs = query.slice(1).split('&')
  return `?${pairs.map((pair) => (pair.includes('=') ? `${pair.split('=', 1)[0]}=${MASK}` : MASK)).join('&')}`
}

interface UrlParts {
  readonly scheme: string
  /** `null`: there is none; may be empty. */
  readonly userInfo: string | null
  readonly hostAndPort: string
  /** Path, query and fragment, with the character each begins with. */
  readonly rest: string
}

/** Splits as RFC 3986 has it; the last `@` of the authority ends the user-info. `null` without `<scheme>://`. */
function splitUrl(text: string): UrlParts | null {
  const [, scheme, authority, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(text) ?? []
  if (scheme === undefined || authority === undefined || rest === undefined) return null
  const at = authority.lastIndexOf('@')
  return {
    scheme,
    userInfo: at < 0 ? null : authority.slice(0, at),
    hostAndPort: authority.slice(at + 1),
    rest,
  }
}

function checkAddress(text: string): void {
  const address = splitAddress(splitUrl(text)?.hostAndPort ?? '')
  if (address === null) throw invalid(NOT_A_URL)
  const { host, port } = address
  if (!isPort(port)) throw invalid('proxy_url port is invalid')
  if (host === '' || Number(port) === 0) throw invalid('proxy_url must include host and port')
  if (!isUsable(text, `${host}:${port}`)) throw invalid(NOT_A_URL)
}

/** The first colon ends a host, unless brackets do. `null`: a bracket is open, or where none may be. */
function splitAddress(hostAndPort: string): { readonly host: string; readonly port: string } | null {
  const [, host, port = ''] = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s.exec(hostAndPort) ?? []
  if (host === undefined) return null
  return { host: host === '[]' ? '' : host, port }
}

/** An empty port is a missing one, and that has an error of its own. */
function isPort(port: string): boolean {
  return /^\d*$/.test(port) && Number(port) <= 65_535
}

/** A back slash is a slash to some readers of URLs and none to others, which then see different hosts. */
function isUsable(text: string, hostAndPort: string): boolean {
  const isPlain = text.isWellFormed() && !CONTROL.test(text) && !text.includes('\\')
  return isPlain && URL.canParse(`http://${hostAndPort}`) && URL.canParse(text)
}

const PROXY_NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy']
const LOCAL_HOSTS = 'localhost,127.0.0.1,::1,host.docker.internal'

/**
 * Gives the variables that make a program use a proxy: the six that name it, and `NO_PROXY` and `no_proxy` with what the
 * environment already has under the first of these names that is not empty, else the hosts of this machine.
 *
 * @param url `null` or blank: no proxy, and no variables at all
 */
export function proxyEnvironment(
  url: string | null,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const proxy = url?.trim() ?? ''
  if (proxy === '') return {}
  const exceptions = env['NO_PROXY'] || env['no_proxy'] || LOCAL_HOSTS
  const named = PROXY_NAMES.map((name) => [name, proxy])
  return Object.fromEntries([...named, ['NO_PROXY', exceptions], ['no_proxy', exceptions]])
}

function invalid(message: string): AppError {
  return new AppError('PROXY_INVALID', message)
}
