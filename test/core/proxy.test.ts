import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { maskProxyUrl, parseProxyUrl, proxyEnvironment } from '#core/proxy.ts'
import { refusalOf } from '#test/support/refusal.ts'

const NOT_A_URL =
  'proxy_url is not a valid URL; percent-encode special characters in the user name and the password'

function parsed(text: string): unknown {
  const url = parseProxyUrl(text)
  return url && { ...url, text: url.text.open() }
}

describe('a proxy URL', () => {
  it('is kept as given, with its scheme, digest and mask', () => {
    expect(parsed('http://127.0.0.1:7890')).toEqual({
      text: 'http://127.0.0.1:7890',
      scheme: 'http',
      sha256: 'f1410cd719dcee161d171a3729c50bffabb9325546e31867d85db2b0773db22e',
      masked: 'http://127.0.0.1:7890',
    })
  })

  it('loses the white space around it', () => {
    expect(parsed('  socks5://127.0.0.1:1080  ')).toEqual({
      text: 'socks5://127.0.0.1:1080',
      scheme: 'socks5',
      sha256: '47da0319a8a17aa00ca2c3c39e4e5d4a8fddffae3c30a0dc6fea85660a080abf',
      masked: 'socks5://127.0.0.1:1080',
    })
  })

  it.each(['', ' ', '\t\n '])('is none when blank: %j', (text) => {
    expect(parseProxyUrl(text)).toBeNull()
  })

  it.each([
    'HTTP://H.Example:80',
    'https://h:443',
    'http://h:80/path?x=1',
    'Socks5://u:p@h:1080',
    'http://[::1]:8080',
    'http://u:p%40ss@[2001:db8::1]:65535',
    'http://u@h:1',
    'http://u:p@ss@h:80',
    'http://münchen.example:80',
    'http://h:00080',
  ])('is stored verbatim: %s', (text) => {
    expect(parseProxyUrl(text)?.text.open()).toBe(text)
  })

  it('may have 2048 bytes and no more', () => {
    const text = `http://h:80/${'x'.repeat(2036)}`
    expect(parseProxyUrl(text)?.text.open()).toBe(text)
    expect(refusalOf(() => parseProxyUrl(`${text}x`)).message).toBe('proxy_url is too large')
    expect(refusalOf(() => parseProxyUrl(`http://h:80/${'中'.repeat(679)}`)).message).toBe(
      'proxy_url is too large',
    )
  })

  it.each([
    ['http://a b:80', 'proxy_url must not contain whitespace'],
    ['http://u:p w@h:80', 'proxy_url must not contain whitespace'],
    ['http://h:\t80', 'proxy_url must not contain whitespace'],
    ['http://h\u0085:80', 'proxy_url must not contain whitespace'],
    ['ftp:// h:80', 'proxy_url must not contain whitespace'],
    ['ftp://127.0.0.1:7890', 'proxy_url scheme must be http, https, or socks5'],
    ['socks4://h:1', 'proxy_url scheme must be http, https, or socks5'],
    ['socks5h://h:1080', 'proxy_url scheme must be http, https, or socks5'],
    ['127.0.0.1:7890', 'proxy_url scheme must be http, https, or socks5'],
    ['//h:80', 'proxy_url scheme must be http, https, or socks5'],
    ['h', 'proxy_url scheme must be http, https, or socks5'],
    ['ftp://h:abc', 'proxy_url scheme must be http, https, or socks5'],
    ['http://h:65536', 'proxy_url port is invalid'],
    ['http://h:abc', 'proxy_url port is invalid'],
    ['http://h:-1', 'proxy_url port is invalid'],
    ['http://h:+80', 'proxy_url port is invalid'],
    ['http://h:8.0', 'proxy_url port is invalid'],
    ['http://h:1e3', 'proxy_url port is invalid'],
    ['http://h:٨٠', 'proxy_url port is invalid'],
    ['http://:abc', 'proxy_url port is invalid'],
    ['http://::1:80', 'proxy_url port is invalid'],
    ['http://u:p/w@h:80', 'proxy_url port is invalid'],
    ['http://h', 'proxy_url must include host and port'],
    ['http://h:', 'proxy_url must include host and port'],
    ['http://h:0', 'proxy_url must include host and port'],
    ['http://:80', 'proxy_url must include host and port'],
    ['http://u:p@:80', 'proxy_url must include host and port'],
    ['http://u:p@h', 'proxy_url must include host and port'],
    ['http://[]:80', 'proxy_url must include host and port'],
    ['http://[::1]', 'proxy_url must include host and port'],
    ['http:h:80', 'proxy_url must include host and port'],
    ['http:///h:80', 'proxy_url must include host and port'],
    ['http:', 'proxy_url must include host and port'],
    ['http://[::1:80', NOT_A_URL],
    ['http://[::1]8080', NOT_A_URL],
    ['http://a]b:80', NOT_A_URL],
    ['http://[nonsense]:80', NOT_A_URL],
    ['http://999.999.999.999:80', NOT_A_URL],
    ['http://a<b:80', NOT_A_URL],
    ['http://%zz:80', NOT_A_URL],
    ['socks5://a<b:80', NOT_A_URL],
    ['http://u:p\\@h:80', NOT_A_URL],
    ['http://h:80/\u0000', NOT_A_URL],
    ['http://u:\u0007@h:80', NOT_A_URL],
    ['http://u:\ud800@h:80', NOT_A_URL],
  ])('is refused: %j', (text, message) => {
    expect(refusalOf(() => parseProxyUrl(text))).toEqual({ code: 'PROXY_INVALID', message })
  })

  it('is never repeated by an error', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, behind) => {
        expect(outcomeOf(`http://${before}canary-5e1${behind}`)).not.toContain('canary-5e1')
      }),
    )
  })
})

/** Everything that a log could show of what became of a text. */
function outcomeOf(text: string): string {
  try {
    return inspect(parseProxyUrl(text)?.text)
  } catch (error) {
    return inspect(error)
  }
}

describe('a masked proxy URL', () => {
  it.each([
    ['http://user:secret@127.0.0.1:7890', 'http://***:***@127.0.0.1:7890'],
    ['http://u:p@[::1]:8080', 'http://***:***@[::1]:8080'],
    ['http://u:p@H.Example:80/x', 'http://***:***@h.example:80/x'],
    ['http://H.Example:80/X', 'http://H.Example:80/X'],
    ['http://u@h:80', 'http://***:***@h:80'],
    ['http://:p@h:80', 'http://***:***@h:80'],
    ['http://u:p@ss@h:80', 'http://***:***@h:80'],
    ['http://h:80?token=secret', 'http://h:80?token=***'],
    ['http://h:80/p?a=secret&secret&b=#secret', 'http://h:80/p?a=***&***&b=***#***'],
    ['http://h:80/?', 'http://h:80/?'],
    ['http://h:80/#', 'http://h:80/#'],
    ['http://u:80/secret@h:81', 'http://u:80/***'],
    ['http://u:80?secret@h:81', 'http://u:80?***'],
    ['http://u:80#secret@h:81', 'http://u:80#***'],
    ['secret', '***'],
    ['', '***'],
  ])('shows %s as %s', (text, masked) => {
    expect(maskProxyUrl(text)).toBe(masked)
  })

  it('never shows the user name or the password, whatever they are made of', () => {
    const secret = fc.stringMatching(/^[a-z0-9\-._~!$&'()*+,;=:%@中]{0,20}$/).map((text) => `PW9${text}WP9`)
    const host = fc.constantFrom('h.example', '127.0.0.1', '[::1]')
    const rest = fc.constantFrom('', '/', '/p', '/p?q=1', '#f')
    fc.assert(
      fc.property(secret, secret, fc.tuple(host, rest), (user, password, [host, rest]) => {
        const masked = parseProxyUrl(`http://${user}:${password}@${host}:80${rest}`)?.masked
        expect(masked).toMatch(/^http:\/\/\*\*\*:\*\*\*@/)
        expect(masked).not.toMatch(/PW9|WP9/)
      }),
    )
  })

  it('never shows a password that was not encoded, either', () => {
    const password = fc.stringMatching(/^[/?#]{1,3}[a-z/?#&=]{0,10}$/).map((text) => `80${text}PW9`)
    fc.assert(
      fc.property(password, (password) => {
        expect(maskProxyUrl(`http://user:${password}@h:80`)).not.toContain('PW9')
      }),
    )
  })

  it('never shows a value of the query', () => {
    const key = fc.stringMatching(/^[a-z]{1,8}$/)
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), (keys) => {
        const query = keys.map((key) => `${key}=VAL9`).join('&')
        expect(maskProxyUrl(`http://h:80/?${query}`)).toBe(
          `http://h:80/?${keys.map((key) => `${key}=***`).join('&')}`,
        )
      }),
    )
  })
})

describe('the proxy environment', () => {
  const url = 'http://u:p@h:80'
  const local = 'localhost,127.0.0.1,::1,host.docker.internal'

  function expected(noProxy: string): Readonly<Record<string, string>> {
    return {
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      ALL_PROXY: url,
      http_proxy: url,
      https_proxy: url,
      all_proxy: url,
      NO_PROXY: noProxy,
      no_proxy: noProxy,
    }
  }

  it.each([
    ['nothing is set', {}, local],
    ['both are empty', { NO_PROXY: '', no_proxy: '' }, local],
    ['NO_PROXY is set', { NO_PROXY: 'a.example' }, 'a.example'],
    ['only no_proxy is set', { no_proxy: 'b.example' }, 'b.example'],
    ['NO_PROXY is empty and no_proxy is set', { NO_PROXY: '', no_proxy: 'b.example' }, 'b.example'],
    ['both are set', { NO_PROXY: 'a.example', no_proxy: 'b.example' }, 'a.example'],
    ['another proxy is set', { HTTP_PROXY: 'http://other:1', NO_PROXY: undefined }, local],
  ])('87: has eight variables when %s', (_what, env, noProxy) => {
    expect(proxyEnvironment(url, env)).toEqual(expected(noProxy))
  })

  it.each(['example.com, localhost', 'LOCALHOST,127.0.0.1,::1,HOST.DOCKER.INTERNAL'])(
    '88: leaves a NO_PROXY of the environment as it is, for that is the rule of 87: %s',
    (given) => {
      expect(proxyEnvironment(url, { NO_PROXY: given })).toEqual(expected(given))
    },
  )

  it.each([null, '', '  '])('89: has no variables for the URL %j', (none) => {
    expect(proxyEnvironment(none, { NO_PROXY: 'a.example' })).toEqual({})
  })
})
