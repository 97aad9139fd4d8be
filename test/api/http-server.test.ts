import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { configureHttpServer, DEFAULT_HTTP_TIMEOUTS, HTTP_SERVER_OPTIONS } from '#api/http-server.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { isOneAnswer, sendAndLeave, sendRaw } from '#test/support/raw-http.ts'

const CODEX = '/users/me/runtime-configs/codex'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

function problemIn(answer: string): {
  readonly status: number
  readonly type: string
  readonly body: unknown
} {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return {
    status: Number(head.split(' ')[1]),
    type: /content-type: ([^;\r]+)/i.exec(head)?.[1] ?? '',
    body: body === '' ? null : JSON.parse(body),
  }
}

function problem(status: number): object {
  return { status, type: 'application/problem+json', body: expect.objectContaining({ status }) }
}

describe('what is no request', () => {
  it.each([
    ['nonsense', 'hello\r\n\r\n', 400],
    ['a NUL in the path', `GET /users/\0 HTTP/1.1\r\nHost: x\r\n\r\n`, 400],
    ['no host', `GET ${CODEX} HTTP/1.1\r\n\r\n`, 400],
    [
      'two lengths',
      `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}`,
      400,
    ],
    [
      'a length and chunks',
      `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}`,
      400,
    ],
    ['a broken chunk', `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
    ['headers of 20 KB', `GET ${CODEX} HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['an impossible expectation', `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\n\r\n`, 417],
  ])('answers %s with a problem', async (_what, request, status) => {
    const answer = await sendRaw(api.address, [request], isOneAnswer)
    expect(answer === '' ? 'nothing' : problemIn(answer)).toEqual(problem(status))
  })

  it('answers a token in broken UTF-8 with a problem', async () => {
    const head = `GET ${CODEX} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer `
    const answer = await sendRaw(api.address, [head, Buffer.from([0xff, 0xfe, 0xc3]), '\r\n\r\n'])
    expect(problemIn(answer)).toEqual(problem(401))
  })
})

describe('an offer to change the protocol', () => {
  // curl and Java's HTTP client offer HTTP/2 with their first plain request.
  it('is not taken up on a path that is not the device channel: the request is answered as it is', async () => {
    api.server.on('upgrade', (_request, socket) => socket.destroy())
    const answer = await sendRaw(
      api.address,
      [
        'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
      ],
      isOneAnswer,
    )
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
  })
})

describe('a body that does not come', () => {
  it('ends with the connection, and leaves nothing behind', async () => {
    const head = `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\nContent-Type: application/json\r\n`
    await sendAndLeave(api.address, `${head}Content-Length: 100\r\n\r\n{"use_user_config": true`)
    expect((await api.call('GET', CODEX)).body).toMatchObject({ use_user_config: false })
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('is not waited for when it says that it is too large', async () => {
    const head = `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\nContent-Length: 99999999999\r\n\r\n`
    expect(problemIn(await sendRaw(api.address, [head], isOneAnswer))).toEqual(problem(413))
  })

  it('is read to its end when it turns out too large, so that the answer arrives', async () => {
    const answer = await api.call('POST', `${CODEX}/auth-json`, { body: 'x'.repeat(3_000_000) })
    expect(answer.status).toBe(413)
    expect((await api.call('GET', CODEX)).status).toBe(200)
  })

  it.each(['chunked', 'Chunked'])('is bounded also when it comes %s', async (encoding) => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const head = `PUT ${CODEX} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\nTransfer-Encoding: ${encoding}\r\n\r\n`
    const chunks = Array.from({ length: 20 }, () => chunk)
    expect(problemIn(await sendRaw(api.address, [head, ...chunks], isOneAnswer))).toEqual(problem(413))
  })
})

describe('a client that takes its time', () => {
  it('is answered 408 and let go', async () => {
    const server = createServer({ ...HTTP_SERVER_OPTIONS, connectionsCheckingInterval: 10 })
    configureHttpServer(server, { headersMs: 30, requestMs: 30, keepAliveMs: 30 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(problemIn(await sendRaw(address, ['GET / HTTP/1.1\r\nHost: x\r\nX-Slow']))).toEqual(problem(408))
    server.close()
  })

  it('gets no longer than the documented bounds', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount } = api.server
    const { headersMs, requestMs, keepAliveMs } = DEFAULT_HTTP_TIMEOUTS
    expect([headersTimeout, requestTimeout, keepAliveTimeout, maxHeadersCount]).toEqual([
      headersMs,
      requestMs,
      keepAliveMs,
      100,
    ])
  })
})
