import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { hideProxy } from '#core/proxy-mention.ts'
import { parseProxyUrl } from '#core/proxy.ts'

const URL_TEXT = 'http://user:p%40ss-canary@Proxy.Example.org:3128/path?key=canary-key#x'

describe('hides', () => {
  it.each([
    ['the URL', `no route to ${URL_TEXT}!`, 'no route to [redacted]!'],
    ['the URL without its scheme', `GET ${URL_TEXT.slice(7)}`, 'GET [redacted]'],
    ['what stands before the path', 'bad: user:p%40ss-canary@Proxy.Example.org:3128', 'bad: [redacted]'],
    ['the login', 'user:p%40ss-canary was refused', '[redacted] was refused'],
    ['the login as it is meant', 'user:p@ss-canary was refused', '[redacted] was refused'],
    ['the login as HTTP sends it', 'sent Basic dXNlcjpwQHNzLWNhbmFyeQ==', 'sent Basic [redacted]'],
    ['the password', 'used "p%40ss-canary"', 'used "[redacted]"'],
    ['the password as it is meant', 'used xxp@ss-canaryxx', 'used xx[redacted]xx'],
    ['host and port', 'connect proxy.example.org:3128', 'connect [redacted]'],
    [
      'the host, in any letter case',
      'getaddrinfo ENOTFOUND PROXY.example.org',
      'getaddrinfo ENOTFOUND [redacted]',
    ],
    ['the value of a query', 'key canary-key is unknown', 'key [redacted] is unknown'],
    ['all of them', 'p@ss-canary at proxy.example.org', '[redacted] at [redacted]'],
  ])('%s', (_what, text, shown) => {
    expect(hideProxy(text, URL_TEXT)).toBe(shown)
  })

  it.each([
    ['an IPv6 host', 'socks5://[2001:db8::7]:1080', 'connect 2001:db8::7', 'connect [redacted]'],
    ['an IPv4 host', 'http://10.0.0.7:80', 'connect 10.0.0.7 failed', 'connect [redacted] failed'],
    [
      'a short password, where it is a word',
      'http://u:s3c@h.example:80',
      'used s3c, not xs3cx',
      'used [redacted], not xs3cx',
    ],
    [
      'a password with marks of a pattern',
      'http://u:a.*(b$@h.example:80',
      'used a.*(b$ once',
      'used [redacted] once',
    ],
    [
      'a password that is no percent-encoding',
      'http://u:100%zz@h.example:80',
      'used 100%zz',
      'used [redacted]',
    ],
    ['a name without a password', 'http://token-4711@h.example:80', 'used token-4711', 'used [redacted]'],
    ['a text that is no URL', 'canary-canary', 'what is canary-canary', 'what is [redacted]'],
  ])('%s', (...[, url, text, shown]) => {
    expect(hideProxy(text, url)).toBe(shown)
  })
})

it.each([
  ['http://proxy:3128', 'the proxy connects and leaves TLS alone'],
  ['http://h:80', 'the host h answered 80 times'],
  ['http://user:secret@127.0.0.1:3128', 'the proxy wants another user name or password (407)'],
  [URL_TEXT, 'cannot reach the proxy: connection refused'],
])('leaves the words of our own agent as they are: %s', (url, text) => {
  expect(hideProxy(text, url)).toBe(text)
})

it('never leaves a password or a host in what quotes them', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9!$'()*+,;~_.-]{8,40}$/)
  const host = fc.stringMatching(/^[a-z][a-z0-9]{2,9}\.[a-z]{3,9}$/)
  const noise = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed())
  fc.assert(
    fc.property(fc.tuple(word, word, host, noise, noise), ([name, password, host, before, after]) => {
      const url = `http://${name}:${password}@${host}:3128`
      expect(parseProxyUrl(url)).not.toBeNull()
      for (const quoted of [
        url,
        password,
        host,
        `${name}:${password}`,
        `${host}:3128`,
        btoa(`${name}:${password}`),
      ]) {
        const shown = hideProxy(`${before}${quoted}${after}`, url)
        expect([shown.includes(password), shown.includes(host)]).toEqual([false, false])
      }
    }),
  )
})
