import { describe, expect, it } from 'vitest'

import type { CommandResult, DeviceCommand } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { aCommandResult, anExplanation } from '#test/support/api-devices.ts'
import { countsOf, startReplicas } from '#test/support/peers.ts'

const CANARY = 'canary-secret'
const DEVICE = { namespace: 'user-7', deviceId: 'Büro / 1' }
const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' }
const READ: DeviceCommand = { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET }

/** A value with its secrets laid open, for comparing. */
function laidOpen(value: unknown): unknown {
  if (value instanceof Secret) return ['secret', value.open()]
  if (Array.isArray(value)) return value.map(laidOpen)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, laidOpen(inner)]))
}

describe('a command for a device of another replica', () => {
  it.each<DeviceCommand>([
    READ,
    {
      key: 'sync_runtime_auth_file',
      runtime: 'codex',
      target: { ...TARGET, homeVariable: null },
      content: new Secret(`{"token":"${CANARY}"}`),
      replaceDigest: 'a'.repeat(64),
      documentNumber: 1_790_000_000_000,
    },
    {
      key: 'sync_runtime_auth_file',
      runtime: 'codex',
      target: TARGET,
      content: new Secret('{"half":"\\ud83d\\ude00 😀 \\n"}'),
    },
    { key: 'remove_runtime_auth_file', runtime: 'codex', target: TARGET, expectedDigest: 'b'.repeat(64) },
    { key: 'probe_proxy', proxyUrl: new Secret(`http://user:${CANARY}@proxy.example:3128`) },
  ])('arrives as it was asked: $key', async (command) => {
    const replicas = await startReplicas()
    const sent: unknown[] = []
    replicas.get('b').own.commands = {
      send: async (...asked) => {
        sent.push(laidOpen(asked))
        return aCommandResult()
      },
    }
    await replicas.get('a').client.send('b', DEVICE, command)

    expect(sent).toEqual([[DEVICE, laidOpen(command)]])
  })

  it.each<Partial<CommandResult>>([
    { status: 'written', content: null, exitCode: 0 },
    { status: 'read', content: new Secret(`{"token":"${CANARY}"}\n`) },
    { status: 'failed', content: null, path: null, error: 'no space left on device', exitCode: 74 },
    { status: 'older_document', content: null, error: 'older', exitCode: 69, isTruncated: true },
    {
      status: 'probed',
      content: null,
      probe: {
        isReachable: true,
        isConnectAccepted: null,
        isAuthenticated: false,
        isTlsIntact: null,
        message: 'the proxy wants another login',
      },
    },
  ])('comes back as the device answered: $status', async (changes) => {
    const replicas = await startReplicas()
    const result = aCommandResult(changes)
    replicas.get('b').own.commands = { send: async () => result }

    expect(laidOpen(await replicas.get('a').client.send('b', DEVICE, READ))).toEqual(laidOpen(result))
    expect(await countsOf(replicas.get('a'))).toEqual({ 'commands answered': 1 })
    expect(await countsOf(replicas.get('b'))).toEqual({ 'commands served': 1 })
  })

  it('carries a login of a MiB there and back', async () => {
    const replicas = await startReplicas()
    const text = JSON.stringify({ token: '"\\'.repeat(260_000) })
    const content = new Secret(text)
    replicas.get('b').own.commands = {
      send: async (_device, command) =>
        aCommandResult({ content: command.key === 'sync_runtime_auth_file' ? command.content : null }),
    }
    const command = { key: 'sync_runtime_auth_file', runtime: 'codex', target: TARGET, content } as const
    const { content: back } = await replicas.get('a').client.send('b', DEVICE, command)

    expect(back?.open() === text).toBe(true)
  })

  it.each([
    'DEVICE_OFFLINE',
    'DEVICE_UNSUPPORTED',
    'DEVICE_TIMEOUT',
    'RATE_LIMITED',
    'STORE_UNAVAILABLE',
  ] as const)('rejects as it would here: %s', async (code) => {
    const replicas = await startReplicas()
    replicas.get('b').own.commands = { send: () => Promise.reject(new AppError(code, 'the reason')) }

    await expect(replicas.get('a').client.send('b', DEVICE, READ)).rejects.toMatchObject({
      code,
      message: 'the reason',
    })
    expect(await countsOf(replicas.get('a'))).toEqual({ 'commands failed': 1 })
    expect(await countsOf(replicas.get('b'))).toEqual({ 'commands served': 1 })
  })

  it('may have been carried out when the other replica meets a bug, whose text stays there', async () => {
    const replicas = await startReplicas()
    replicas.get('b').own.commands = { send: () => Promise.reject(new TypeError(CANARY)) }

    await expect(replicas.get('a').client.send('b', DEVICE, READ)).rejects.toMatchObject({
      code: 'DEVICE_TIMEOUT',
      message: expect.stringMatching(/'b'.+HTTP 500/),
    })
    expect(replicas.get('b').log).toHaveLength(1)
  })

  it('may be one of many at once', async () => {
    const replicas = await startReplicas({ names: ['a', 'b', 'c'] })
    for (const name of ['b', 'c']) {
      replicas.get(name).own.commands = {
        send: async ({ deviceId }) => aCommandResult({ path: `${deviceId} at ${name}` }),
      }
    }
    const asked = Array.from({ length: 60 }, (_, index) => ({
      deviceId: `device-${index}`,
      gateway: index % 2 === 0 ? 'b' : 'c',
    }))
    const paths = await Promise.all(
      asked.map(async ({ gateway, deviceId }) => {
        const { path } = await replicas.get('a').client.send(gateway, { namespace: 'user-7', deviceId }, READ)
        return path
      }),
    )

    expect(paths).toEqual(asked.map(({ gateway, deviceId }) => `${deviceId} at ${gateway}`))
  })
})

describe('a sync of devices of another replica', () => {
  it('gives what became of each, in the order asked for', async () => {
    const replicas = await startReplicas()
    replicas.get('b').own.authSync.requestSync = async ({ namespace, runtime, deviceIds = [] }) =>
      deviceIds.map((deviceId) => ({
        deviceId,
        success: false,
        status: 'failed',
        error: `${namespace} ${runtime}`,
      }))
    const request = { namespace: 'user-7', runtime: 'codex', deviceIds: ['z', 'a'] }

    expect(await replicas.get('a').client.requestSync('b', request)).toEqual([
      { deviceId: 'z', success: false, status: 'failed', error: 'user-7 codex' },
      { deviceId: 'a', success: false, status: 'failed', error: 'user-7 codex' },
    ])
  })

  it('of more devices than one message holds takes several', async () => {
    const replicas = await startReplicas()
    const deviceIds = Array.from({ length: 1_201 }, (_, index) => `device-${index}`)
    const outcomes = await replicas
      .get('a')
      .client.requestSync('b', { namespace: 'user-7', runtime: 'codex', deviceIds })

    expect(outcomes.map(({ deviceId }) => deviceId)).toEqual(deviceIds)
    expect(await countsOf(replicas.get('b'))).toEqual({ 'syncs served': 3 })
  })

  it('rejects as it would here', async () => {
    const replicas = await startReplicas()
    const refusal = new AppError('AUTH_MISSING', 'auth_json is not configured')
    replicas.get('b').own.authSync.requestSync = () => Promise.reject(refusal)
    const request = { namespace: 'user-7', runtime: 'codex', deviceIds: ['a'] }

    await expect(replicas.get('a').client.requestSync('b', request)).rejects.toMatchObject({
      code: 'AUTH_MISSING',
      message: 'auth_json is not configured',
    })
  })
})

describe('an explanation of a device of another replica', () => {
  it('is what that one explains, gate by gate', async () => {
    const replicas = await startReplicas()
    const explanation = anExplanation({
      deviceId: DEVICE.deviceId,
      runtime: 'codex',
      state: 'Stalled',
      reason: 'OlderDocument',
      nextAttemptAt: 1_790_000_000_000,
      lastSyncTime: '2026-11-21T10:00:00.000Z',
    })
    replicas.get('b').own.authSync.explain = async () => explanation

    expect(await replicas.get('a').client.explain('b', DEVICE, 'codex')).toEqual(explanation)
  })

  it('travels with all others that are asked for in the same turn', async () => {
    const replicas = await startReplicas()
    const { client } = replicas.get('a')
    const asked = Array.from({ length: 1_100 }, (_, index) => `device-${index}`)
    const explained = await Promise.all(
      asked.map((deviceId) => client.explain('b', { namespace: 'user-7', deviceId }, 'codex')),
    )

    expect(explained.map(({ deviceId }) => deviceId)).toEqual(asked)
    expect(await countsOf(replicas.get('a'))).toEqual({ 'explanations answered': 3 })
  })

  it('fails by itself', async () => {
    const replicas = await startReplicas()
    replicas.get('b').own.authSync.explain = async ({ deviceId }, runtime) => {
      if (deviceId === 'unknown') throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
      return anExplanation({ deviceId, runtime })
    }
    const { client } = replicas.get('a')
    const [known, unknown] = await Promise.allSettled(
      ['known', 'unknown'].map((deviceId) => client.explain('b', { namespace: 'user-7', deviceId }, 'codex')),
    )

    expect(known).toMatchObject({ status: 'fulfilled', value: { deviceId: 'known' } })
    expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'DEVICE_UNKNOWN' } })
  })
})
