import { createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

import { afterEach, describe, expect, it } from 'vitest'

import { probeProxy } from '#agent/probe-proxy.ts'
import { proxyProbe } from '#protocol/command-answer.ts'
import { anHttpProxy, anHttpsProxy, aSocksProxy, aTlsServer, listen } from '#test/support/proxies.ts'
import { TEST_CERTIFICATE } from '#test/support/test-certificate.ts'

const KNOWN = getCACertificates('default')
const OK = 'HTTP/1.1 200 Connection established\r\n\r\n'
const BASIC = `Basic ${Buffer.from('user:p@ss').toString('base64')}`
const anAnswer = (overrides: object) => ({
  isReachable: true,
  isConnectAccepted: true,
  isAuthenticated: null,
  isTlsIntact: null,
  message: expect.any(String),
  ...overrides,
})

afterEach(() => setDefaultCACertificates(KNOWN))

const trustTestCertificate = () => setDefaultCACertificates([...KNOWN, TEST_CERTIFICATE.cert])

const probe = (proxyUrl: string, targetUrl: string, signal = new AbortController().signal) =>
  probeProxy({ proxyUrl, targetUrl, signal })

describe('a proxy that works', () => {
  it.each([
    ['HTTP', () => anHttpProxy(() => OK), 'http'],
    ['HTTPS', () => anHttpsProxy(() => OK), 'https'],
    ['SOCKS5', () => aSocksProxy({}), 'socks5'],
  ])('lets TLS through untouched: %s', async (_kind, start, scheme) => {
    trustTestCertificate()
    await using proxy = await start()
    await using target = await aTlsServer()
    const answer = await probe(`${scheme}://127.0.0.1:${proxy.port}`, `https://127.0.0.1:${target.port}/path`)

    expect(answer).toEqual(anAnswer({ isTlsIntact: true }))
    expect(proxyProbe.parse(answer)).toEqual(answer)
  })

  it.each([
    [
      'HTTP',
      () =>
        anHttpProxy((head) =>
          head.includes(`\r\nProxy-Authorization: ${BASIC}\r\n`) ? OK : 'HTTP/1.1 407 No\r\n\r\n',
        ),
      'http',
    ],
    ['SOCKS5', () => aSocksProxy({ login: 'user:p@ss' }), 'socks5'],
  ])('takes the login of its URL: %s', async (_kind, start, scheme) => {
    await using proxy = await start()
    await using target = await listen(createServer())
    const [right, wrong, none] = await Promise.all(
      ['user:p%40ss@', 'user:secret@', ''].map((login) =>
        probe(`${scheme}://${login}127.0.0.1:${proxy.port}`, `http://127.0.0.1:${target.port}`),
      ),
    )

    expect(right).toEqual(anAnswer({ isAuthenticated: true }))
    for (const answer of [wrong, none]) {
      expect(answer).toEqual(anAnswer({ isConnectAccepted: false, isAuthenticated: false }))
      expect(JSON.stringify(answer)).not.toContain('secret')
    }
  })
})

describe('a proxy that does not', () => {
  it('cannot be reached', async () => {
    const gone = await listen(createServer())
    await gone[Symbol.asyncDispose]()

    expect(await probe(`http://user:secret@127.0.0.1:${gone.port}`, 'https://a.example')).toEqual({
      isReachable: false,
      isConnectAccepted: null,
      isAuthenticated: null,
      isTlsIntact: null,
      message: 'cannot reach the proxy: connection refused',
    })
  })

  it.each([
    ['refuses the target', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'the proxy answered 403 when asked to connect'],
    ['is no HTTP proxy', 'SSH-2.0-OpenSSH\r\n\r\n', 'the proxy does not speak HTTP when asked to connect'],
    ['never stops talking', 'x'.repeat(200_000), 'the proxy does not speak HTTP when asked to connect'],
  ])('%s', async (_what, said, message) => {
    await using proxy = await anHttpProxy(() => said)

    expect(await probe(`http://127.0.0.1:${proxy.port}`, 'https://a.example')).toEqual(
      anAnswer({ isConnectAccepted: false, message }),
    )
  })

  it.each([
    [2, 'the proxy could not connect: not allowed by its rules'],
    [5, 'the proxy could not connect: connection refused'],
    [99, 'the proxy could not connect: unknown reason'],
  ])('answers SOCKS5 code %d', async (reply, message) => {
    await using proxy = await aSocksProxy({ reply })

    expect(await probe(`socks5://127.0.0.1:${proxy.port}`, 'https://a.example')).toEqual(
      anAnswer({ isConnectAccepted: false, message }),
    )
  })

  it('hangs up on a SOCKS5 greeting', async () => {
    await using proxy = await listen(createServer((socket) => void socket.destroy()))

    expect(await probe(`socks5://127.0.0.1:${proxy.port}`, 'https://a.example')).toMatchObject({
      isReachable: true,
      isConnectAccepted: false,
    })
  })

  it('opens TLS on the way, with a certificate of its own', async () => {
    await using proxy = await anHttpProxy(() => OK)
    await using target = await aTlsServer()
    const answer = await probe(`http://127.0.0.1:${proxy.port}`, `https://127.0.0.1:${target.port}`)

    expect(answer).toEqual(
      anAnswer({
        isTlsIntact: false,
        message:
          'the certificate seen through the proxy is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): something opens TLS on the way',
      }),
    )
  })

  it('shows the certificate of another host', async () => {
    trustTestCertificate()
    await using target = await aTlsServer()
    await using proxy = await anHttpProxy(() => OK)

    expect(
      await probe(`http://127.0.0.1:${proxy.port}`, `https://other.example:${target.port}`),
    ).toMatchObject({
      isConnectAccepted: true,
      isTlsIntact: false,
    })
  })

  it('connects to something that speaks no TLS', async () => {
    await using proxy = await anHttpProxy(() => OK)
    await using target = await listen(createServer((socket) => void socket.end('220 hello\r\n')))

    expect(await probe(`http://127.0.0.1:${proxy.port}`, `https://127.0.0.1:${target.port}`)).toMatchObject({
      isConnectAccepted: true,
      isTlsIntact: null,
      message: expect.stringMatching(/^TLS through the proxy failed: /),
    })
  })

  it('never answers: what is known when patience ends is the answer', async () => {
    const silent = createServer()
    await using proxy = await listen(silent)
    const patience = new AbortController()
    silent.once('connection', (socket) => void socket.once('data', () => patience.abort()))

    expect(await probe(`http://127.0.0.1:${proxy.port}`, 'https://a.example', patience.signal)).toMatchObject(
      { isReachable: true, isConnectAccepted: false },
    )
  })

  it.each(['', 'ftp://a:1', 'a:1', 'socks4://a:1', 'http://'])('is no proxy URL: %j', async (url) => {
    await expect(probe(url, 'https://a.example')).rejects.toThrow(
      'proxy URL must start with http://, https://, socks5:// and name a host',
    )
  })
})
