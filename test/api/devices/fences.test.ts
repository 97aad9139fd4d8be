import { describe, expect, it } from 'vitest'

import type { DeviceCommand } from '#core/device-command.ts'
import { Secret } from '#core/secret.ts'
import {
  aHeartbeat,
  aRegistration,
  OUR_AGENT,
  type RunningGateway,
  startGateway,
} from '#test/support/device-gateway.ts'

const KEY = { namespace: 'user-7', deviceId: 'device-1' }
const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' }
const READ: DeviceCommand = { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET }
const SYNC: DeviceCommand = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: TARGET,
  content: new Secret('{"token":"canary-secret"}'),
  documentNumber: 1_790_000_000_000,
}

/** Registers with each of these in turn, over one connection, and gives the last answer. */
async function register(gateway: RunningGateway, ...registrations: readonly object[]) {
  const socket = await gateway.join()
  let answered: unknown
  for (const each of registrations) answered = await socket.ask('device:register', aRegistration(each))
  await socket.ask('device:heartbeat', aHeartbeat())
  return { socket, answered }
}

/** What the device gets when it is asked, and what comes of its answer. */
async function exchange(
  setup: { readonly registrations: readonly object[]; readonly command: DeviceCommand },
  line: object,
) {
  const gateway = await startGateway()
  const { socket, answered } = await register(gateway, ...setup.registrations)
  const sent = gateway.channel.send(KEY, setup.command).catch((error: unknown) => error)
  const asked = await socket.command()
  const success = 'status' in line && line.status === 'written'
  socket.answer(asked, { success, exit_code: success ? 0 : 69, stdout: `${JSON.stringify(line)}\n` })
  return { answered, env: asked.payload['env'] as Record<string, string>, outcome: await sent }
}

describe('a command', () => {
  it('carries the fence of the last registration, and when the document was stored', async () => {
    const registrations = [
      { ...OUR_AGENT, fence: 41 },
      { ...OUR_AGENT, fence: 42 },
    ]
    const { answered, env } = await exchange({ registrations, command: SYNC }, { status: 'written' })

    expect(answered).toMatchObject({ success: true, fence: 42 })
    expect(env).toMatchObject({
      WEGENT_RUNTIME_CONFIG_FENCE: '42',
      WEGENT_RUNTIME_CONFIG_DOCUMENT_NUMBER: '1790000000000',
    })
  })

  it.each([
    ['an agent of before', OUR_AGENT],
    ['an agent whose fence is none', { ...OUR_AGENT, fence: 'x' }],
  ])('carries no fence for %s', async (_what, registration) => {
    const { answered, env } = await exchange(
      { registrations: [registration], command: READ },
      { status: 'read' },
    )

    expect(answered).not.toHaveProperty('fence')
    expect(env).not.toHaveProperty('WEGENT_RUNTIME_CONFIG_FENCE')
  })

  it('carries neither for an executor, whatever it registered with', async () => {
    const setup = { registrations: [{ fence: 42 }], command: SYNC }
    const { answered, env } = await exchange(setup, { status: 'written' })

    expect(answered).toEqual({ success: true, device_id: 'device-1' })
    expect(Object.keys(env).filter((name) => /FENCE|NUMBER/.test(name))).toEqual([])
  })
})

describe('a refusal', () => {
  const error = 'the document of today is older than what this device got already'

  it('because of an older document is an answer, in the words of the device', async () => {
    const line = { status: 'older_document', runtime: 'codex', path: '~/.codex/auth.json', error }
    const { outcome } = await exchange({ registrations: [OUR_AGENT], command: SYNC }, line)

    expect(outcome).toEqual({
      status: 'older_document',
      path: '~/.codex/auth.json',
      content: null,
      error,
      exitCode: 69,
      durationMs: 0,
      isTruncated: false,
      probe: null,
      heartbeatCount: 1,
    })
  })

  it('because of an older document is no answer to a question that carries none', async () => {
    const line = { status: 'older_document', runtime: 'codex', path: null, error }
    const { outcome } = await exchange({ registrations: [OUR_AGENT], command: READ }, line)

    expect(outcome).toMatchObject({
      status: 'failed',
      error: "the device answered 'older_document' to 'read_runtime_auth_file'",
    })
  })

  it('because the device connected anew counts as its having been away', async () => {
    const line = { status: 'stale_fence', runtime: null, path: null, error: 'connected anew' }
    const { outcome } = await exchange({ registrations: [OUR_AGENT], command: READ }, line)

    expect(outcome).toMatchObject({
      code: 'DEVICE_OFFLINE',
      message: "Device 'device-1' connected anew before it came to 'read_runtime_auth_file'",
    })
  })
})
