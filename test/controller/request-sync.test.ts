import { describe, expect, it } from 'vitest'

import { answer } from '#test/support/fleet.ts'
import { normal, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'
const NEXT = '{"token":"second"}'
const SYNC = { namespace: 'user-1', runtime: 'codex' }

async function anOperator(): Promise<Operator> {
  const operator = await Operator.forTest()
  await operator.upload(DOCUMENT)
  await operator.pass(0)
  return operator
}

describe('a requested sync', () => {
  it('asks all devices of the user, in the order of their ids, also those that are away', async () => {
    const operator = await anOperator()
    const [, , away] = ['b', 'a', 'c'].map((deviceId) =>
      operator.fleet.add({ deviceId, files: { codex: normal(NEXT) } }),
    )
    if (away) operator.fleet.disconnect(away)
    await operator.pass(1_000)
    expect(await operator.manager.authSync.requestSync(SYNC)).toEqual([
      { deviceId: 'a', success: true, status: 'skipped_existing', error: null },
      { deviceId: 'b', success: true, status: 'skipped_existing', error: null },
      { deviceId: 'c', success: false, status: 'offline', error: "Device 'c' is offline" },
    ])
  })

  it('asks only the devices that are named, in that order', async () => {
    const operator = await anOperator()
    const devices = ['a', 'b', 'c'].map((deviceId) =>
      operator.fleet.add({ deviceId, isOurAgent: false, files: { codex: normal(NEXT) } }),
    )
    await operator.pass(1_000)
    const outcomes = await operator.manager.authSync.requestSync({ ...SYNC, deviceIds: ['c', 'a'] })
    expect(outcomes.map((outcome) => outcome.deviceId)).toEqual(['c', 'a'])
    expect(devices.map((device) => device.received.length)).toEqual([1, 0, 1])
  })

  it('finds the runtime as a person types it', async () => {
    const operator = await anOperator()
    operator.fleet.add()
    expect(await operator.manager.authSync.requestSync({ ...SYNC, runtime: ' CODEX ' })).toMatchObject([
      { success: true },
    ])
  })

  it('offers the document to a device that said nothing of the runtime', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add({ runtimes: [], isOurAgent: false })
    await operator.pass(1_000)
    expect(await operator.manager.authSync.requestSync(SYNC)).toMatchObject([{ status: 'written' }])
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
    await operator.pass(60_000)
    expect(device.received).toHaveLength(1)
  })

  it('does not wait out a back-off', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    device.respond = async () => answer('failed', { error: 'disk is full' })
    await operator.pass(7_000)
    expect(await operator.explain()).toMatchObject({ reason: 'NotBackingOff' })
    expect(await operator.manager.authSync.requestSync(SYNC)).toEqual([
      { deviceId: 'device-1', success: false, status: 'failed', error: 'disk is full' },
    ])
    device.respond = null
    expect(await operator.manager.authSync.requestSync(SYNC)).toMatchObject([
      { success: true, status: 'written' },
    ])
  })

  it('shares the command that is on its way when it carries the same document', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    const gate = Promise.withResolvers<void>()
    device.respond = async (command) => {
      await gate.promise
      return device.obey(command)
    }
    await operator.pass(0)
    const both = [1, 2].map(() => operator.manager.authSync.requestSync(SYNC))
    await operator.pass(0)
    gate.resolve()
    expect(await Promise.all(both)).toMatchObject([[{ status: 'written' }], [{ status: 'written' }]])
    expect(device.received).toHaveLength(1)
  })

  it('waits for a command of its own when the one on its way carries an older document', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    const gate = Promise.withResolvers<void>()
    device.respond = async (command) => {
      await gate.promise
      return device.obey(command)
    }
    await operator.pass(0)
    await operator.upload(NEXT)
    const requested = operator.manager.authSync.requestSync(SYNC)
    await operator.pass(0)
    gate.resolve()
    expect(await requested).toMatchObject([{ status: 'skipped_existing' }])
    expect(device.received).toHaveLength(2)
  })

  it('means what was stored just before', async () => {
    const operator = await Operator.forTest()
    const device = operator.fleet.add()
    await operator.pass(0)
    await operator.upload(DOCUMENT)
    expect(await operator.manager.authSync.requestSync(SYNC)).toMatchObject([{ success: true }])
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
  })

  it.each([
    ['RUNTIME_UNSUPPORTED', { ...SYNC, runtime: 'nope' }],
    ['DEVICE_UNKNOWN', { ...SYNC, deviceIds: ['device-1', 'nobody'] }],
    ['DEVICE_UNKNOWN', { ...SYNC, namespace: 'user-9' }],
    ['AUTH_MISSING', { ...SYNC, runtime: 'claude' }],
  ])('is refused with %s, and nothing is sent', async (code, request) => {
    const operator = await anOperator()
    await operator.addRuntime('claude')
    const device = operator.fleet.add({ files: { codex: normal(NEXT) } })
    await operator.pass(1_000)
    await expect(operator.manager.authSync.requestSync(request)).rejects.toMatchObject({ code })
    expect(device.received).toEqual([])
  })

  it('cannot reach the devices of another user', async () => {
    const operator = await anOperator()
    await operator.addUser('eve')
    const device = operator.fleet.add({ namespace: 'user-2', deviceId: 'hers' })
    await operator.pass(1_000)
    await expect(
      operator.manager.authSync.requestSync({ ...SYNC, deviceIds: ['hers'] }),
    ).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' })
    expect(device.received).toEqual([])
  })

  it('says why nothing is sent while the switch is off', async () => {
    const operator = await anOperator()
    await operator.enable({ isEnabled: false })
    operator.fleet.add()
    await operator.pass(1_000)
    expect(await operator.manager.authSync.requestSync(SYNC)).toEqual([
      {
        deviceId: 'device-1',
        success: false,
        status: 'failed',
        error: 'use_user_config is not true for codex.',
      },
    ])
  })

  it('is answered when the operator stops meanwhile', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    device.respond = () => new Promise(() => undefined)
    await operator.pass(0)
    await operator.upload(NEXT)
    const requested = operator.manager.authSync.requestSync(SYNC)
    await operator.pass(0)
    const stopped = operator.manager.stop()
    await operator.pass(10_000)
    await stopped
    expect(await requested).toEqual([
      { deviceId: 'device-1', success: false, status: 'failed', error: 'the server is stopping' },
    ])
  })
})

describe('the annotation sync-requested-at', () => {
  const REQUESTED_AT = 'agent.wecode.io/sync-requested-at'

  async function annotate(operator: Operator, value: string): Promise<void> {
    const config = await operator.config()
    if (config === undefined) throw new Error('nothing to annotate')
    const metadata = { ...config.metadata, annotations: { [REQUESTED_AT]: value } }
    await operator.stores.store.update('UserRuntimeConfig', { ...config, metadata })
  }

  it('syncs once, and is echoed when that is done', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add({ files: { codex: normal(NEXT) } })
    await operator.pass(1_000)
    await annotate(operator, 'today')
    await operator.pass(2_000)
    expect(device.received).toHaveLength(1)
    expect((await operator.config())?.status?.lastHandledSyncRequest).toBe('today')
    await operator.pass(60_000)
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(60_000)
    expect(device.received).toHaveLength(1)
    await annotate(operator, 'tomorrow')
    await operator.pass(2_000)
    expect(device.received).toHaveLength(2)
    expect((await operator.config())?.status?.lastHandledSyncRequest).toBe('tomorrow')
  })

  it('is handled too when there is nothing to sync', async () => {
    const operator = await anOperator()
    await operator.deleteDocument()
    await annotate(operator, 'now')
    await operator.pass(2_000)
    expect((await operator.config())?.status?.lastHandledSyncRequest).toBe('now')
  })

  it('is carried out by the next process when this one is killed before', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add({ files: { codex: normal(NEXT) } })
    device.respond = () => new Promise(() => undefined)
    await operator.pass(1_000)
    await annotate(operator, 'now')
    await operator.pass(1_000)
    expect((await operator.config())?.status?.lastHandledSyncRequest).toBeUndefined()
    device.respond = null
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(2_000)
    expect((await operator.config())?.status?.lastHandledSyncRequest).toBe('now')
  })
})
