const REDACTED = '[redacted]'
/** Shorter texts are everyday words; hiding them wherever they stand would garble messages and protect nothing. */
const MIN_UNUSUAL = 8

/**
 * Takes a proxy's address and login out of a text of somebody who was told them.
 *
 * Hidden are the URL, whole or in part, the password as it was written and as it is meant, the login as HTTP sends it, and
 * the host. A short host of one word (`proxy`) is hidden only with its port.
 */
export function hideProxy(text: string, proxyUrl: string): string {
  return mentionsOf(proxyUrl).reduce((rest, mention) => rest.replaceAll(mention, REDACTED), text)
}

/** The longest first: what is left of a text must not be the rest of something longer. */
function mentionsOf(proxyUrl: string): readonly RegExp[] {
  const [, address = proxyUrl, authority = '', rest = ''] =
    /^[a-z][a-z0-9+.-]*:\/\/(([^/?#]*)(.*))$/is.exec(proxyUrl) ?? []
  const at = authority.lastIndexOf('@')
  const hostAndPort = authority.slice(at + 1)
  const host = hostAndPort.replace(/:\d*$/, '')
  const texts = [proxyUrl, address, authority, hostAndPort, ...loginOf(authority.slice(0, Math.max(at, 0)))]
  if (isUnusual(host) || /[.:\d]/.test(host)) texts.push(host, host.replace(/^\[(.*)\]$/, '$1'))
  texts.push(...rest.split(/[/?#&=@]/).filter(isUnusual))
  const known = new Set(texts.filter((text) => text !== ''))
  return [...known].toSorted((one, other) => other.length - one.length).map(toPattern)
}

function loginOf(userInfo: string): readonly string[] {
  const [, name = '', password = ''] = /^([^:]*):?(.*)$/s.exec(userInfo) ?? []
  const [meantName, meantPassword] = [decode(name), decode(password)]
  const header = Buffer.from(`${meantName}:${meantPassword}`).toString('base64')
  return userInfo === '' ? [] : [userInfo, `${meantName}:${meantPassword}`, header, password, meantPassword]
}

function isUnusual(text: string): boolean {
  return text.length >= MIN_UNUSUAL
}

function toPattern(text: string): RegExp {
  const escaped = text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
  return isUnusual(text) || /[.:@]/.test(text)
    ? new RegExp(escaped, 'giu')
    : new RegExp(String.raw`(?<![\p{L}\p{N}])${escaped}(?![\p{L}\p{N}])`, 'giu')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
