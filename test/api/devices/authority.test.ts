import { expect, it } from 'vitest'

import type { DeviceCommand } from '#core/device-command.ts'
import { startGateway } from '#test/support/device-gateway.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const READ: DeviceCommand = {
  key: 'read_runtime_auth_file',
  runtime: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: null },
}

it('sends a command that waited its turn only if this replica may still act', async () => {
  const authority = { isHeld: true }
  const gateway = await startGateway({}, { authority })
  const socket = await gateway.connect()
  const sent = [gateway.channel.send(KEY, READ), gateway.channel.send(KEY, READ)]
  const ends = Promise.allSettled(sent)
  const first = await socket.command()
  authority.isHeld = false
  socket.answer(first, { success: false, error: 'no such file' })
  expect(await ends).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'STORE_UNAVAILABLE', retry: 'later' } },
  ])
  authority.isHeld = true
  const third = gateway.channel.send(KEY, READ)
  // What comes next is the third: the second was never on the wire.
  socket.answer(await socket.command(), { success: false, error: 'no such file' })
  expect((await third).status).toBe('failed')
})
