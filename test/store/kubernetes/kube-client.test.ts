import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { KubeRequest, RequestFact } from '#store/kubernetes/client.ts'
import { createConnection } from '#store/kubernetes/connection.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import {
  type Act,
  resets,
  says,
  saysHtml,
  ScriptedServer,
  stalls,
  streams,
} from '#test/support/scripted-server.ts'
import { TEST_CERTIFICATE } from '#test/support/test-certificate.ts'
import { until } from '#test/support/until.ts'

const DEVICES = '/apis/agent.wecode.io/v1/devices'
const LIST: KubeRequest = { method: 'GET', path: DEVICES }
const CREATE: KubeRequest = { method: 'POST', path: DEVICES, body: { spec: 'x' } }

let server: ScriptedServer
let clock: FakeClock
let facts: RequestFact[]
let tokens: string[]
let client: HttpKubeClient

beforeEach(async () => {
  server = await ScriptedServer.start(says(200, { items: [] }))
  clock = new FakeClock()
  facts = []
  tokens = ['first', 'second', 'third']
  client = connect(server.url)
})

afterEach(async () => {
  client.close()
  await server.close()
})

function connect(url: string, ca: string = TEST_CERTIFICATE.cert): HttpKubeClient {
  const load = async () => ({ tls: { ca }, headers: { authorization: `Bearer ${tokens.shift()}` } })
  const connection = createConnection({ server: url, namespace: undefined, clock, load })
  return new HttpKubeClient({ connection, clock, random: () => 0.5, onRequest: (fact) => facts.push(fact) })
}

/** The attempt is over, and the next one waits for the clock. */
const hasFailed = (times: number) => until(() => facts.length === times && clock.pending === 1)

async function failure(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'it resolved',
    ({ code, message }) => ({ code, message }),
  )
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Lets a request try as often as it likes. */
async function givenUp(request: Promise<unknown>): Promise<unknown> {
  const state = { isOver: false }
  const answer = failure(request).finally(() => {
    state.isOver = true
  })
  for (let handled = 0; !state.isOver;) {
    await until(() => state.isOver || (facts.length > handled && clock.pending === 1))
    handled = facts.length
    while (!state.isOver && facts.length === handled) await clock.advance(10)
  }
  return answer
}

describe('a request', () => {
  it('carries the token, what we are, and what is asked', async () => {
    const query = { limit: 5, labelSelector: 'a=b,c', continue: undefined }
    expect(await client.request({ ...LIST, query })).toEqual({ items: [] })
    expect(server.requests).toMatchObject([
      {
        method: 'GET',
        url: `${DEVICES}?limit=5&labelSelector=a%3Db%2Cc`,
        headers: {
          authorization: 'Bearer first',
          'user-agent': 'runtime-config-operator',
          accept: 'application/json',
        },
      },
    ])
    expect(facts).toEqual([{ verb: 'list', resource: 'devices', code: 200, seconds: 0 }])
  })

  it('sends a body as JSON, or as what it says it is', async () => {
    await client.request({ ...CREATE, body: { text: 'ä' } })
    await client.request({ ...CREATE, method: 'PATCH', contentType: 'application/apply-patch+yaml' })
    expect(server.requests.map(({ body, headers }) => [body, headers['content-type']])).toEqual([
      ['{"text":"ä"}', 'application/json'],
      ['{"spec":"x"}', 'application/apply-patch+yaml'],
    ])
  })

  it('goes over one connection, one after the other', async () => {
    const ports = new Set<unknown>()
    server.play((response, request) => {
      ports.add(request.socket.remotePort)
      response.end('{}')
    })
    for (let count = 0; count < 5; count += 1) await client.request(LIST)
    expect(ports.size).toBe(1)
  })

  it('refuses a server that it does not know', async () => {
    const stranger = connect(server.url, TEST_CERTIFICATE.cert.replace('MIIB', 'MIIC'))
    await expect(givenUp(stranger.request(CREATE))).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    stranger.close()
    expect(server.requests).toEqual([])
  })

  it('reaches a server below a path', async () => {
    const below = connect(`${server.url}/clusters/one/`)
    await below.request(LIST)
    below.close()
    expect(server.requests.map(({ url }) => url)).toEqual([`/clusters/one${DEVICES}`])
  })
})

describe('a refused token', () => {
  it.each([401, 403])('is read again, once, after a %d', async (status) => {
    server.play(says(status), says(200, { done: true }))
    expect(await client.request(CREATE)).toEqual({ done: true })
    const used = server.requests.map(({ headers }) => headers.authorization)
    expect(used).toEqual(['Bearer first', 'Bearer second'])
    expect(facts.map(({ code }) => code)).toEqual([status, 200])
  })

  it('that stays refused is said with what was asked', async () => {
    server.play(says(403, { kind: 'Status', reason: 'Forbidden' }))
    expect(await failure(client.request({ ...CREATE, method: 'DELETE', path: `${DEVICES}/mac-1` }))).toEqual({
      code: 'STORE_UNAVAILABLE',
      message: "the service account may not delete devices; compare the roles with the chart's RBAC",
    })
    expect(server.requests).toHaveLength(2)
  })

  it('is read again for a watch', async () => {
    server.play(says(401), streams('{}\n'))
    expect(await collect(client.stream(LIST))).toEqual(['{}'])
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ])
  })
})

describe('a server in trouble', () => {
  it('is asked again after a 503, if it was only read', async () => {
    server.play(says(503), saysHtml(503), says(200, { done: true }))
    const answer = client.request(LIST)
    await hasFailed(1)
    await clock.advance(100)
    await hasFailed(2)
    await clock.advance(200)
    expect(await answer).toEqual({ done: true })
    expect(facts.map(({ code }) => code)).toEqual([503, 503, 200])
  })

  it('is asked again after a reset, if it was only read', async () => {
    server.play(resets, says(200, { done: true }))
    const answer = client.request(LIST)
    await hasFailed(1)
    await clock.advance(200)
    expect(await answer).toEqual({ done: true })
    expect(facts.map(({ code }) => code)).toEqual([0, 200])
  })

  it.each([
    ['a reset', resets],
    ['a 503', says(503)],
    ['a 500', says(500)],
    ['a 504', saysHtml(504)],
  ])('does not get a write twice after %s', async (_what, act) => {
    server.play(act)
    await expect(failure(client.request(CREATE))).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(server.requests).toHaveLength(1)
  })

  it('gets as long as it asks for when it is too busy, whatever it is', async () => {
    server.play(says(429, {}, { 'retry-after': '3' }), says(201, { done: true }))
    const answer = client.request(CREATE)
    await hasFailed(1)
    await clock.advance(3099)
    expect(server.requests).toHaveLength(1)
    await clock.advance(1)
    expect(await answer).toEqual({ done: true })
  })

  it('is not waited for longer than what asks can wait', async () => {
    server.play(says(429, {}, { 'retry-after': '60' }))
    await expect(failure(client.request(LIST))).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(server.requests).toHaveLength(1)
  })

  it('is given up after ten seconds', async () => {
    server.play(says(503))
    expect(await givenUp(client.request(LIST))).toEqual({
      code: 'STORE_UNAVAILABLE',
      message: 'the API server answered 503 to list devices; it is tried again later',
    })
    expect(clock.monotonic()).toBeGreaterThan(5000)
    expect(clock.monotonic()).toBeLessThan(11_000)
    expect(server.requests.length).toBeLessThan(15)
  })

  it('that is not there gets a write again: nobody saw it', async () => {
    const nowhere = connect('https://127.0.0.1:1')
    expect(await givenUp(nowhere.request(CREATE))).toEqual({
      code: 'STORE_UNAVAILABLE',
      message: 'could not create devices: ECONNREFUSED; it is tried again later',
    })
    nowhere.close()
    expect(facts.length).toBeGreaterThan(3)
    expect(new Set(facts.map(({ code }) => code))).toEqual(new Set([0]))
  })

  it('that says nothing is left after half a minute', async () => {
    server.play(stalls)
    const answer = failure(client.request(CREATE))
    await until(() => server.requests.length === 1)
    await clock.advance(30_000)
    expect(await answer).toEqual({
      code: 'STORE_UNAVAILABLE',
      message: 'could not create devices: the API server did not answer in time; it is tried again later',
    })
    expect(facts).toEqual([{ verb: 'create', resource: 'devices', code: 0, seconds: 30 }])
  })

  it('that stops in the middle of an answer is left after half a minute', async () => {
    server.play(streams('{"items": [', stalls))
    const answer = failure(client.request({ ...LIST, method: 'DELETE' }))
    await until(() => server.requests.length === 1)
    await clock.advance(30_000)
    expect(await answer).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('is believed no answer that is no JSON', async () => {
    server.play(saysHtml(200))
    await expect(failure(client.request(CREATE))).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('is left at once when whoever asks no longer wants to know', async () => {
    server.play(stalls)
    const stop = new AbortController()
    const answer = failure(client.request({ ...LIST, signal: stop.signal }))
    await until(() => server.requests.length === 1)
    stop.abort()
    await expect(answer).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(clock.pending).toBe(0)
  })
})

describe('a stream', () => {
  const lines = () => collect(client.stream({ ...LIST, query: { watch: true } }))

  it('gives the lines as they come, however they are cut', async () => {
    server.play(
      streams('{"a":1}\n{"b"', async (response) => {
        await new Promise<void>((resolve) => response.write(':2}\n', () => resolve()))
        response.end('{"c":3}\n')
      }),
    )
    expect(await lines()).toEqual(['{"a":1}', '{"b":2}', '{"c":3}'])
    expect(facts).toEqual([{ verb: 'watch', resource: 'devices', code: 200, seconds: 0 }])
  })

  it('gives what came before it broke', async () => {
    server.play(streams('{"a":1}\n{"b"', resets))
    const seen: string[] = []
    const reading = (async () => {
      for await (const line of client.stream({ ...LIST, query: { watch: true } })) seen.push(line)
    })()
    await expect(failure(reading)).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(seen).toEqual(['{"a":1}'])
  })

  it('may be silent for as long as it likes once it has begun', async () => {
    const { promise: rest, resolve: goOn } = Promise.withResolvers<void>()
    server.play(
      streams('{"a":1}\n', async (response) => {
        await rest
        response.end('{"b":2}\n')
      }),
    )
    const stream = client.stream({ ...LIST, query: { watch: true } })
    expect(await stream.next()).toEqual({ done: false, value: '{"a":1}' })
    await clock.advance(120_000)
    goOn()
    expect(await stream.next()).toEqual({ done: false, value: '{"b":2}' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(facts).toMatchObject([{ seconds: 120 }])
  })

  it('that does not begin is left after half a minute', async () => {
    server.play(stalls)
    const answer = failure(lines())
    await until(() => server.requests.length === 1)
    await clock.advance(30_000)
    await expect(answer).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it.each([
    ['a reset', resets],
    ['a 503', saysHtml(503)],
    ['a 500', says(500)],
  ])('is not tried again after %s: whoever watches comes back', async (_what, act) => {
    server.play(act)
    await expect(failure(lines())).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(server.requests).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('waits with a server that is too busy to begin', async () => {
    server.play(says(429, {}, { 'retry-after': '1' }), streams('{"a":1}\n'))
    const answer = lines()
    await hasFailed(1)
    await clock.advance(1100)
    expect(await answer).toEqual(['{"a":1}'])
    expect(facts.map(({ code }) => code)).toEqual([429, 200])
  })

  it('says when the history is gone', async () => {
    server.play(says(410, { kind: 'Status', reason: 'Expired' }))
    await expect(failure(lines())).resolves.toMatchObject({ code: 'EXPIRED' })
  })

  it('lets the connection go when whoever reads stops', async () => {
    let isClosed = false
    server.play(
      streams(
        '{"a":1}\n',
        (_response, request) => void request.socket.once('close', () => (isClosed = true)),
      ),
    )
    for await (const line of client.stream({ ...LIST, query: { watch: true } })) {
      expect(line).toBe('{"a":1}')
      break
    }
    await until(() => isClosed)
    expect(clock.pending).toBe(0)
  })
})

describe('many requests at once', () => {
  const status = (at: number): KubeRequest => ({
    method: 'PATCH',
    path: `/apis/agent.wecode.io/v1/namespaces/user-1/devices/d-${at}/status`,
    body: {},
  })

  it('do not repeat a write that was sent over a connection for which it had waited', async () => {
    const [busy, first] = [Promise.withResolvers<void>(), 16]
    const hold: Act = async (response, request) => {
      await busy.promise
      return says(200)(response, request)
    }
    server.play(...Array.from({ length: first }, () => hold), resets)
    const held = Array.from({ length: first }, (_unused, at) => client.request(status(at)))
    await until(() => server.requests.length === first)
    const waiting = failure(client.request(status(first)))
    busy.resolve()
    await Promise.all(held)
    expect(await waiting).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(server.requests).toHaveLength(first + 1)
  })

  it('keep no Lease and no person waiting behind statuses', async () => {
    server.play((response, request) => {
      const act = request.url?.endsWith('/status') === true ? stalls : says(200, { is: request.url })
      return act(response, request)
    })
    const over = new AbortController()
    const statuses = Array.from({ length: 200 }, (_unused, at) =>
      failure(client.request({ ...status(at), signal: over.signal })),
    )
    await until(() => server.requests.length >= 16)
    const lease = '/apis/coordination.k8s.io/v1/namespaces/n/leases/runtimeconfig-leader'
    expect(await client.request({ method: 'PUT', path: lease, body: {} })).toEqual({ is: lease })
    expect(await client.request(CREATE)).toEqual({ is: DEVICES })
    over.abort()
    await Promise.all(statuses)
  })
})
