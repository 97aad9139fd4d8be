import { once } from 'node:events'
import { createConnection } from 'node:net'

import { expect, it, onTestFinished } from 'vitest'

import { type FrontDoor, openFrontDoor } from '#cli/server/front-door.ts'
import { refusalOf } from '#test/support/key-files.ts'

const ANYWHERE = { host: '127.0.0.1', port: 0 }

async function aDoor(): Promise<FrontDoor> {
  const door = await openFrontDoor(ANYWHERE)
  onTestFinished(async () => {
    door.close()
    await door.drain()
  })
  return door
}

it.each(['/livez', '/api/livez'])(
  'answers %s before it is opened: a process that waits is alive',
  async (path) => {
    const door = await aDoor()
    const response = await fetch(`${door.address}${path}`)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok', checks: [] }])
  },
)

it('says of everything else that it is not yet, as a problem', async () => {
  const door = await aDoor()
  const response = await fetch(`${door.address}/readyz`)
  expect(await response.json()).toEqual({
    type: 'about:blank',
    title: 'Store is not available',
    status: 503,
    detail: 'the server is starting and waits for its store; try again in a moment',
    code: 'STORE_UNAVAILABLE',
  })
  expect([
    response.status,
    response.headers.get('retry-after'),
    response.headers.get('content-type'),
  ]).toEqual([503, '1', 'application/problem+json'])
})

it('hands everything over once it is opened', async () => {
  const door = await aDoor()
  door.open((_request, response) => response.end('open'))
  expect(await (await fetch(`${door.address}/livez`)).text()).toBe('open')
})

it('lets a request in hand be answered after it was closed, and takes no other', async () => {
  const door = await aDoor()
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>()
  door.open((_request, response) => ask(() => response.end('late')))
  const answer = fetch(`${door.address}/`).then((response) => response.text())
  const finish = await asked
  door.close()
  await expect(fetch(`${door.address}/`)).rejects.toThrow('fetch failed')
  finish()
  expect(await answer).toBe('late')
  await door.drain()
})

it('ends connections that say nothing', async () => {
  const door = await aDoor()
  const socket = createConnection(Number(new URL(door.address).port), '127.0.0.1')
  await once(socket, 'connect')
  await fetch(`${door.address}/livez`)
  const closed = once(socket, 'close')
  door.close()
  await expect(Promise.all([door.drain(), closed])).resolves.toBeDefined()
})

it('names the flag when its address is taken', async () => {
  const door = await aDoor()
  const port = Number(new URL(door.address).port)
  expect(await refusalOf(openFrontDoor({ host: '127.0.0.1', port }, '--peer-listen'))).toMatchObject({
    code: 'SETTING_INVALID',
    message: `expected 127.0.0.1:${port} to be a free address of this machine; name another with --peer-listen`,
  })
})
