import { expect, it } from 'vitest'

import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { Secret } from '#core/secret.ts'
import { startGateway } from '#test/support/device-gateway.ts'
import type { ExecutorSocket } from '#test/support/executor-socket.ts'

import frames from './executor-frames.json' with { type: 'json' }

const KEY = { namespace: 'user-7', deviceId: 'dev-1' }
const SYNC: DeviceCommand = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' },
  content: new Secret('{"token":"canary-secret"}'),
}

function frameNamed(name: string) {
  const frame = frames.find((candidate) => candidate.name === name)
  if (frame === undefined) throw new Error(`no frame is named ${name}`)
  return frame
}

async function replay(socket: ExecutorSocket, name: string): Promise<unknown> {
  const { event, ack, payload } = frameNamed(name)
  return ack === true ? socket.ask(event, payload) : socket.tell(event, payload)
}

/** A recorded executor without the file, and the command it is sent. */
async function startRecorded() {
  const gateway = await startGateway()
  const socket = await gateway.join()
  const missing = new Promise<CommandResult>((resolve, reject) => {
    gateway.reports.onChange(({ device, runtimes }) => {
      if (runtimes.includes('codex')) gateway.channel.send(device, SYNC).then(resolve, reject)
    })
  })
  const registered = await replay(socket, 'register, first frame after the namespace is joined')
  await replay(socket, 'heartbeat right after registering, auth file absent')
  return { gateway, socket, registered, missing }
}

it('registers a recorded executor and reads that its file is missing', async () => {
  const { gateway, socket, registered, missing } = await startRecorded()
  expect(registered).toEqual({ success: true, device_id: 'dev-1' })
  const asked = await socket.command()
  expect(gateway.reports.get(KEY)).toMatchObject({
    displayName: 'Linux-Device-dev-1',
    deviceType: 'local',
    executorVersion: '1.8.6',
    isOurAgent: false,
    isOnline: true,
    runtimes: new Map([
      [
        'codex',
        expect.objectContaining({ exists: false, targetPath: '/home/u/.codex/auth.json', digest: null }),
      ],
    ]),
  })
  socket.answer(asked, {
    ...frameNamed('answer: a command that printed three lines').payload,
    stdout: '{"status":"written","runtime":"codex","path":"~/.codex/auth.json"}\n',
  })
  expect(await missing).toMatchObject({ status: 'written', path: '~/.codex/auth.json', durationMs: 7 })
})

it('reads that the file is there, once', async () => {
  const { gateway, socket, missing } = await startRecorded()
  socket.answer(await socket.command(), { success: true, stdout: '{"status":"written"}' })
  await missing
  await replay(socket, 'heartbeat, auth file present')
  await replay(socket, 'heartbeat, auth file present')
  await socket.command()
  expect(gateway.reports.get(KEY)?.runtimes.get('codex')?.exists).toBe(true)
  expect(gateway.changes.filter(({ kind }) => kind === 'runtimes')).toHaveLength(1)
})

it.each([
  [
    'answer: 140000 characters in one environment string',
    'the auth document is too long for one environment string on the device',
  ],
  [
    'answer: program of argv[0] not found',
    'python3 is not installed on the device or not in the PATH of its executor; install Python 3.8 or newer',
  ],
  ['answer: a command that printed three lines', 'the device answered without a result'],
  ['answer: longer than timeout_seconds', 'Command timed out after 1 seconds'],
])('takes the recorded "%s" for the failure it is', async (name, error) => {
  const { socket, missing } = await startRecorded()
  socket.answer(await socket.command(), frameNamed(name).payload)
  expect(await missing).toMatchObject({ status: 'failed', error, content: null })
})
