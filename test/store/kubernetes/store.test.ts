import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { createConnection } from '#store/kubernetes/connection.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { KubernetesStore } from '#store/kubernetes/store.ts'
import type { WatchEvent } from '#store/store.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { resets, says, ScriptedServer, stalls, streams } from '#test/support/scripted-server.ts'
import { aDeviceStatus, aStoredDevice } from '#test/support/store-objects.ts'
import { TEST_CERTIFICATE } from '#test/support/test-certificate.ts'
import { until } from '#test/support/until.ts'

const KEY = { namespace: 'user-1', name: 'mac-1' }
const DEVICE = '/apis/agent.wecode.io/v1/namespaces/user-1/devices/mac-1'

let server: ScriptedServer
let clock: FakeClock
let client: HttpKubeClient
let store: KubernetesStore
let stop: AbortController

beforeEach(async () => {
  server = await ScriptedServer.start()
  clock = new FakeClock()
  stop = new AbortController()
  const load = async () => ({ tls: { ca: TEST_CERTIFICATE.cert }, headers: {} })
  const connection = createConnection({ server: server.url, namespace: undefined, clock, load })
  client = new HttpKubeClient({ connection, clock, random: () => 0.5 })
  store = new KubernetesStore({ client, clock, random: () => 0.5 })
})

afterEach(async () => {
  stop.abort()
  client.close()
  await server.close()
})

const device = (version: number, name = 'mac-1') =>
  aStoredDevice({ name, uid: `uid-${name}`, resourceVersion: String(version) })
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`
const bookmark = (version: number) => line('BOOKMARK', { metadata: { resourceVersion: String(version) } })

/** Reads a watch to its end, and how it ended. */
async function watch(resourceVersion?: string) {
  const seen: string[] = []
  const options = { signal: stop.signal, ...(resourceVersion !== undefined && { resourceVersion }) }
  try {
    for await (const event of store.watch('Device', options)) seen.push(shown(event))
    return { seen, end: 'closed' }
  } catch (error) {
    return { seen, end: error instanceof Error && 'code' in error ? error.code : error }
  }
}

function shown(event: WatchEvent<'Device'>): string {
  if (event.type === 'BOOKMARK') return `BOOKMARK ${event.resourceVersion}`
  return `${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`
}

describe('a watch', () => {
  it('asks for bookmarks, and to be ended after some minutes', async () => {
    server.play(streams(line('ADDED', device(11)) + bookmark(15)))
    expect(await watch('10')).toEqual({ seen: ['ADDED mac-1 11', 'BOOKMARK 15'], end: 'closed' })
    expect(server.requests.map(({ url }) => url)).toEqual([
      '/apis/agent.wecode.io/v1/devices?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=450',
    ])
  })

  it('begins with a list when it has no version', async () => {
    const page = (items: readonly unknown[], next?: string) => ({
      items,
      metadata: { resourceVersion: '20', ...(next !== undefined && { continue: next }) },
    })
    server.play(
      says(200, page([device(5)], 'more')),
      says(200, page([device(6, 'b')])),
      streams(bookmark(21)),
    )
    expect(await watch()).toEqual({ seen: ['ADDED mac-1 5', 'ADDED b 6', 'BOOKMARK 21'], end: 'closed' })
    expect(server.requests[2]?.url).toContain('resourceVersion=20&')
  })

  it.each([
    ['a line that is cut short', `${line('ADDED', device(11))}{"type":"MODI\n${line('ADDED', device(12))}`],
    ['a last line that is cut short', `${line('ADDED', device(11))}{"type":"MODI`],
    ['a line that is no event', `${line('ADDED', device(11))}{"kind":"Status"}\n`],
    ['an event of an unknown type', line('ADDED', device(11)) + line('MOVED', device(12))],
    ['an object without a version', line('ADDED', device(11)) + line('ADDED', { metadata: {} })],
    ['an event without an object', line('ADDED', device(11)) + line('ADDED', null)],
    ['an ERROR', line('ADDED', device(11)) + line('ERROR', { kind: 'Status', code: 410, reason: 'Expired' })],
    ['an ERROR of another sort', line('ADDED', device(11)) + line('ERROR', { kind: 'Status', code: 500 })],
  ])('takes %s for a stream that has to begin with a list', async (_what, written) => {
    server.play(streams(written))
    expect(await watch('10')).toEqual({ seen: ['ADDED mac-1 11'], end: 'EXPIRED' })
  })

  it('goes on from where it was after a reset', async () => {
    server.play(streams(line('ADDED', device(11)), resets))
    expect(await watch('10')).toEqual({ seen: ['ADDED mac-1 11'], end: 'STORE_UNAVAILABLE' })
  })

  it('ends when nothing was heard for two and a half minutes, bookmarks included', async () => {
    let send: (text: string) => void = () => undefined
    server.play(
      streams(bookmark(11), (response) => {
        send = (text) => response.write(text)
      }),
    )
    const watched = store.watch('Device', { resourceVersion: '10', signal: stop.signal })
    const events = watched[Symbol.asyncIterator]()
    await events.next()
    await clock.advance(149_000)
    send(bookmark(12))
    expect(await events.next()).toEqual({ done: false, value: { type: 'BOOKMARK', resourceVersion: '12' } })
    const next = events.next().catch(({ code, message }) => ({ code, message }))
    await clock.advance(149_000)
    await clock.advance(1000)
    expect(await next).toEqual({
      code: 'EXPIRED',
      message: 'the watch of Device fell silent, without bookmarks; listing again',
    })
    expect(clock.pending).toBe(0)
  })

  it('ends at once, without an error, when it is told to', async () => {
    server.play(streams(bookmark(11), stalls))
    const ended = watch('10')
    await until(() => server.requests.length === 1)
    stop.abort()
    expect(await ended).toMatchObject({ end: 'closed' })
    expect(clock.pending).toBe(0)
  })

  it('takes a version that is still to come for one of another history', async () => {
    const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]
    server.play(says(504, { kind: 'Status', reason: 'Timeout', details: { causes } }))
    expect(await watch('999999')).toEqual({ seen: [], end: 'EXPIRED' })
  })
})

describe('an update without a version', () => {
  it('reads the current one, and again when somebody else was faster', async () => {
    server.play(
      says(200, device(5)),
      says(409, { reason: 'Conflict' }),
      says(200, device(6)),
      says(200, device(7)),
    )
    const updated = await store.update('Device', aStoredDevice({}, { displayName: 'New' }))
    expect(updated.metadata.resourceVersion).toBe('7')
    const sent = server.requests.map(({ method, body }) => [method, versionIn(body)])
    expect(sent).toEqual([
      ['GET', undefined],
      ['PUT', '5'],
      ['GET', undefined],
      ['PUT', '6'],
    ])
  })

  it('gives up when others write all the time', async () => {
    server.play((response, request) =>
      request.method === 'GET' ? says(200, device(5))(response, request) : says(409, {})(response, request),
    )
    await expect(store.update('Device', aStoredDevice())).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(server.requests).toHaveLength(16)
  })

  it('keeps what a newer version of this product knows', async () => {
    server.play(says(200, device(6)))
    const { spec, ...rest } = device(5)
    const newer = { ...rest, spec: { ...spec, future: { is: 'bright' } }, status: aDeviceStatus() }
    await store.update('Device', newer)
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Device',
      metadata: { ...KEY, uid: 'uid-mac-1', resourceVersion: '5' },
      spec: newer.spec,
    })
  })

  it('with a version is one request', async () => {
    server.play(says(409, { reason: 'Conflict' }))
    await expect(store.update('Device', device(5))).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(server.requests).toHaveLength(1)
  })
})

describe('a status', () => {
  it('is applied under our name, and nothing else is', async () => {
    server.play(says(200, device(6)))
    const status = aDeviceStatus()
    await store.updateStatus('Device', { ...device(5), status })
    expect(server.requests).toMatchObject([
      {
        method: 'PATCH',
        url: `${DEVICE}/status?fieldManager=runtime-config-operator&force=true`,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      },
    ])
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Device',
      metadata: { ...KEY, resourceVersion: '5' },
      status,
    })
  })

  it('is judged before it is sent, whatever the spec is like', async () => {
    const wrong = { ...device(5), status: { gateway: 'x'.repeat(300) } }
    server.play(says(200, device(5)))
    await expect(store.updateStatus('Device', wrong)).rejects.toMatchObject({ code: 'INVALID' })
    expect(server.requests.map(({ method }) => method)).toEqual(['GET'])
    server.play(says(200, device(6)))
    const odd: ObjectOf<'Device'> = {
      ...device(5),
      spec: { ...device(5).spec, displayName: 'x'.repeat(300) },
    }
    await store.updateStatus('Device', odd)
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH'])
  })
})

describe('a delete', () => {
  it('answers with the object as it was, and deletes no other', async () => {
    server.play(says(200, device(5)), says(200, { kind: 'Status', status: 'Success' }))
    expect(await store.delete('Device', KEY)).toEqual(device(5))
    expect(JSON.parse(server.requests[1]?.body ?? '')).toMatchObject({
      preconditions: { uid: 'uid-mac-1', resourceVersion: '5' },
    })
  })

  it('is tried again when the object changed in between, unless the caller named a version', async () => {
    const conflict = says(409, { reason: 'Conflict' })
    server.play(says(200, device(5)), conflict, says(200, device(6)), says(200, { kind: 'Status' }))
    expect((await store.delete('Device', KEY)).metadata.resourceVersion).toBe('6')
    server.play(says(200, device(6)))
    const deleted = store.delete('Device', KEY, { preconditions: { resourceVersion: '5' } })
    await expect(deleted).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(server.requests).toHaveLength(5)
  })
})

describe('a list', () => {
  it.each<[KindName, string | undefined, string]>([
    ['Device', undefined, 'devices?'],
    ['Device', 'user-1', 'namespaces/user-1/devices?'],
    ['Device', 'no namespace/', 'devices?fieldSelector=metadata.name%3D'],
    ['Device', '', 'devices?fieldSelector=metadata.name%3D'],
    ['Runtime', undefined, 'runtimes?'],
    ['Runtime', 'user-1', 'runtimes?fieldSelector=metadata.name%3D'],
  ])('of %s in the namespace %o asks for nothing that cannot be', async (kind, namespace, path) => {
    server.play(says(200, { items: [], metadata: { resourceVersion: '5' } }))
    expect(await store.list(kind, { ...(namespace !== undefined && { namespace }), limit: 5 })).toEqual({
      items: [],
      metadata: { resourceVersion: '5' },
    })
    const start = `/apis/agent.wecode.io/v1/${path}`
    expect(server.requests[0]?.url).toBe(`${start}${path.endsWith('?') ? '' : '&'}limit=5`)
  })
})

describe('a store', () => {
  it.each(['get', 'delete'] as const)('asks nothing of the server to %s what has no name', async (method) => {
    await expect(store[method]('Device', { ...KEY, name: '' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(server.requests).toEqual([])
  })

  it('never sends an object that is not valid', async () => {
    server.play(says(200, device(5)))
    const wrong = aStoredDevice({}, { displayName: 'x'.repeat(300) })
    await expect(store.create('Device', wrong)).rejects.toMatchObject({ code: 'INVALID' })
    await expect(store.update('Device', wrong)).rejects.toMatchObject({ code: 'INVALID' })
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([])
  })

  it.each([
    ['a list without a version', says(200, { items: [], metadata: {} })],
    ['a list without items', says(200, { metadata: { resourceVersion: '5' } })],
    ['a list of something', says(200, { items: [7], metadata: { resourceVersion: '5' } })],
    ['no list', says(200, 'ok')],
  ])('believes no server that answers %s', async (_what, act) => {
    server.play(act)
    await expect(store.list('Device')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('is reachable when the smallest list works', async () => {
    server.play(says(200, { items: [], metadata: { resourceVersion: '5' } }))
    await store.ping()
    expect(server.requests.map(({ url }) => url)).toEqual(['/apis/agent.wecode.io/v1/runtimes?limit=1'])
  })

  it('is asked again only 15 s after it did anything', async () => {
    server.play(says(200, device(5)), says(200, { items: [], metadata: { resourceVersion: '5' } }))
    await store.get('Device', KEY)
    await clock.advance(14_999)
    await store.ping()
    expect(server.requests).toHaveLength(1)
    await clock.advance(1)
    await store.ping()
    expect(server.requests).toHaveLength(2)
  })
})

function versionIn(body: string): unknown {
  return body === '' ? undefined : JSON.parse(body).metadata.resourceVersion
}
