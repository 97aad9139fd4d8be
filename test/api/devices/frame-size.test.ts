import { expect, it } from 'vitest'

import type { DeviceCommand } from '#core/device-command.ts'
import { aHeartbeat, aRegistration, type RunningGateway, startGateway } from '#test/support/device-gateway.ts'
import type { AskedCommand, ExecutorSocket } from '#test/support/executor-socket.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const READ: DeviceCommand = {
  key: 'read_runtime_auth_file',
  runtime: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' },
}
const TOO_LARGE = 1009

interface Busy {
  readonly gateway: RunningGateway
  readonly socket: ExecutorSocket
  readonly asked: AskedCommand
  /** Settles, and never rejects, once the command has ended. */
  readonly ended: Promise<unknown>
}

/** A device with a command in hand. */
async function startBusy(): Promise<Busy> {
  const gateway = await startGateway()
  const socket = await gateway.connect()
  const ended = gateway.channel.send(KEY, READ).catch((error: unknown) => error)
  return { gateway, socket, asked: await socket.command(), ended }
}

/** Lists in lists: the most expensive JSON there is for its length. */
function nested(length: number): string {
  return `42/local-executor,["device:heartbeat",${'['.repeat(length / 2)}${']'.repeat(length / 2)}]`
}

it('cuts a device off that sends megabytes nobody asked for, before they are read', async () => {
  const gateway = await startGateway()
  const other = await gateway.connect({ userId: '8' })
  const socket = await gateway.connect()
  socket.send(nested(11_000_000))
  expect(await socket.closed).toBe(TOO_LARGE)
  expect(await other.ask('device:heartbeat', aHeartbeat())).toEqual({ success: true })
})

it('takes megabytes from a device while it owes an answer, and none above the limit', async () => {
  const { socket, ended } = await startBusy()
  expect(await socket.ask('device:anything', 'x'.repeat(11_000_000))).toEqual({ success: true })
  socket.tell('device:anything', 'x'.repeat(13_000_000))
  expect(await socket.closed).toBe(TOO_LARGE)
  expect(await ended).toMatchObject({ code: 'DEVICE_TIMEOUT' })
})

it.each<[string, (busy: Busy) => unknown]>([
  ['it has answered', ({ socket, asked }) => socket.answer(asked, { success: true, stdout: '' })],
  ['it has not answered in time', ({ gateway }) => gateway.clock.advance(65_000)],
  [
    'it has become another device',
    ({ socket }) => socket.ask('device:register', aRegistration({ device_id: 'device-2' })),
  ],
])('takes no more megabytes from a device once %s', async (_what, end) => {
  const busy = await startBusy()
  await end(busy)
  await busy.ended
  busy.socket.tell('device:anything', 'x'.repeat(1_048_576))
  expect(await busy.socket.closed).toBe(TOO_LARGE)
})

it('takes megabytes from the busy device only', async () => {
  const { gateway, socket, asked, ended } = await startBusy()
  const other = await gateway.connect({ deviceId: 'device-2' })
  other.tell('device:anything', 'x'.repeat(1_048_576))
  expect(await other.closed).toBe(TOO_LARGE)
  socket.answer(asked, { success: true, stdout: 'x'.repeat(10_000_000) })
  expect(await ended).toMatchObject({ error: 'the device answered without a result' })
})

it('takes the large answer of each command, one after the other', async () => {
  const { gateway, socket, asked, ended } = await startBusy()
  const next = gateway.channel.send(KEY, READ)
  const content = 'y'.repeat(2_000_000)
  const ack = { success: true, stdout: JSON.stringify({ status: 'read', content }) }
  socket.answer(asked, ack)
  expect(await ended).toMatchObject({ status: 'read' })
  socket.answer(await socket.command(), ack)
  expect((await next).content?.open()).toBe(content)
})
