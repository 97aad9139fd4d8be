import { expect, it } from 'vitest'

import { aHeartbeat, aRegistration } from '#test/support/device-gateway.ts'
import { ExecutorSocket } from '#test/support/executor-socket.ts'
import { startWholeServer, type WholeServer } from '#test/support/whole-server.ts'

const MINUTE_MS = 60_000

interface Person {
  readonly token: string
  readonly deviceToken: string
}

async function aPerson(server: WholeServer, name: string): Promise<Person> {
  const token = await server.tokenFor(name)
  const { body } = await server.call('POST', '/users/me/device-tokens', { token, body: { name: 'laptop' } })
  return { token, deviceToken: (body as { readonly token: string }).token }
}

async function connect(server: WholeServer, { deviceToken }: Person): Promise<ExecutorSocket> {
  const socket = await ExecutorSocket.join(server.address, deviceToken)
  await socket.ask('device:register', aRegistration())
  await socket.ask('device:heartbeat', aHeartbeat())
  return socket
}

it('locks a user out at once and their connected device within a minute, nobody else, until activated', async () => {
  const server = await startWholeServer()
  const root = await server.tokenFor('root', ['admin'])
  const setGrace = (isActive: boolean) =>
    server.call('PUT', '/users/grace', { token: root, body: { is_active: isActive } })
  const [grace, ada] = [await aPerson(server, 'grace'), await aPerson(server, 'ada')]
  const [ofGrace, ofAda] = [await connect(server, grace), await connect(server, ada)]

  expect(await setGrace(false)).toMatchObject({ status: 200, body: { name: 'grace', is_active: false } })
  const answer = await server.call('GET', '/users/me/devices', { token: grace.token })
  expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } })
  await expect(ExecutorSocket.join(server.address, grace.deviceToken)).rejects.toThrow(
    'its user is deactivated; ask an administrator',
  )

  await server.clock.advance(MINUTE_MS)
  await ofGrace.closed
  expect(server.log.filter((line) => line.includes('device dismissed'))).toHaveLength(1)
  expect(await ofAda.ask('device:heartbeat', aHeartbeat())).toMatchObject({ success: true })

  expect((await setGrace(true)).status).toBe(200)
  await connect(server, grace)
  const devices = await server.call('GET', '/users/me/devices', { token: grace.token })
  expect(devices).toMatchObject({ status: 200, body: { items: [{ device_id: 'device-1', online: true }] } })
})

it('sends nothing to a device of a deactivated user, though it is connected still, until they are activated', async () => {
  const server = await startWholeServer()
  const root = await server.tokenFor('root', ['admin'])
  const setGrace = (isActive: boolean) =>
    server.call('PUT', '/users/grace', { token: root, body: { is_active: isActive } })
  const grace = await aPerson(server, 'grace')
  const codex = '/users/me/runtime-configs/codex'
  await server.call('PUT', codex, { token: grace.token, body: { use_user_config: true } })
  await server.call('POST', `${codex}/auth-json`, { token: grace.token, body: { auth_json: '{}' } })
  const socket = await ExecutorSocket.join(server.address, grace.deviceToken)
  await socket.ask('device:register', aRegistration())

  await setGrace(false)
  // A command would be the next frame, in place of the answer to a heartbeat.
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
  await server.clock.advance(30_000)
  expect(await socket.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })

  await setGrace(true)
  expect(await socket.command()).toMatchObject({ payload: { command_key: 'sync_runtime_auth_file' } })
})
