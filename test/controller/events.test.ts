import { describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import type { ObjectEvent } from '#store/events.ts'
import { answer } from '#test/support/fleet.ts'
import { FIELDS, normal, Operator, type OperatorSetup } from '#test/support/operator.ts'

const DOCUMENT = documentOf(1)

function documentOf(second: number, id = 'ada'): string {
  const at = new Date(Date.parse('2026-01-01T00:00:00Z') + second * 1_000).toISOString()
  return normal(JSON.stringify({ account: { id }, refresh: 'canary-secret', last_refresh: at }))
}

async function start(setup: OperatorSetup = {}) {
  const told: ObjectEvent[] = []
  const events = { record: (event: ObjectEvent) => void told.push(event) }
  const operator = await Operator.forTest({ fields: FIELDS, replica: { events }, ...setup })
  const reasons = (kind = 'Device') =>
    told.filter(({ object }) => object.kind === kind).map(({ type, reason }) => `${type} ${reason}`)
  return { operator, told, reasons }
}

describe('what is told of a device', () => {
  it('is that it got its document, also when its object is made only then', async () => {
    const { operator, told } = await start()
    await operator.upload(DOCUMENT)
    operator.fleet.add()
    await operator.pass(5_000)
    expect(told.filter(({ object }) => object.kind === 'Device')).toEqual([
      {
        object: expect.objectContaining({
          kind: 'Device',
          spec: expect.objectContaining({ deviceId: 'device-1' }),
        }),
        type: 'Normal',
        reason: 'Delivered',
        message: 'The auth document of codex was written to the device.',
        action: 'Sync',
      },
    ])
  })

  it('is what was removed, and what was taken over', async () => {
    const { operator, reasons } = await start()
    await operator.upload(DOCUMENT, { updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    const device = operator.fleet.add()
    await operator.pass(5_000)
    device.put('codex', documentOf(2))
    operator.fleet.heartbeat(device)
    await operator.pass(5_000)
    device.written.set('codex', documentOf(2))
    operator.fleet.heartbeat(device)
    await operator.enable({ isEnabled: false })
    await operator.pass(5_000)
    expect(reasons()).toEqual(['Normal Delivered', 'Normal Imported', 'Normal Removed'])
  })

  it('is each failure with its reason, and that nothing more is tried', async () => {
    const { operator, told, reasons } = await start()
    const device = operator.fleet.add()
    device.respond = async () => answer('failed', { error: 'no space left on device' })
    await operator.pass(1_000)
    await operator.upload(DOCUMENT)
    await operator.pass(60 * 60_000)
    expect(reasons()).toEqual([...Array<string>(7).fill('Warning DeliveryFailed'), 'Warning Quarantined'])
    expect([told.find(({ reason }) => reason === 'DeliveryFailed')?.message, told.at(-1)?.message]).toEqual([
      'The auth document of codex could not be delivered: no space left on device',
      'Nothing more is tried after 8 failures in a row until something changes. The auth document of codex could not be delivered: no space left on device',
    ])
  })

  it('is somebody else’s file, once: not again after each reconnect or restart', async () => {
    const { operator, reasons } = await start()
    const device = operator.fleet.add({ files: { codex: documentOf(5, 'somebody') } })
    await operator.upload(DOCUMENT)
    await operator.pass(5_000)
    for (let turn = 0; turn < 3; turn += 1) {
      operator.fleet.disconnect(device)
      await operator.pass(5_000)
      operator.fleet.connect(device)
      await operator.pass(5_000)
    }
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(5_000)
    expect(reasons()).toEqual(['Warning ForeignFile'])
  })

  it('is nothing about coming and going, waiting or timing out on the way', async () => {
    const { operator, reasons } = await start()
    const device = operator.fleet.add({ files: { codex: DOCUMENT } })
    await operator.upload(DOCUMENT)
    await operator.pass(5_000)
    operator.fleet.disconnect(device)
    await operator.pass(200_000)
    device.files.clear()
    operator.fleet.transport = async () => {
      throw new AppError('DEVICE_OFFLINE', 'gone again')
    }
    operator.fleet.connect(device)
    await operator.pass(20_000)
    expect(reasons()).toEqual([])
  })

  it('holds no content', async () => {
    const { operator, told } = await start()
    await operator.upload(DOCUMENT)
    operator.fleet.add()
    operator.fleet.add({ deviceId: 'other', files: { codex: documentOf(5, 'somebody') } })
    await operator.pass(60_000)
    expect(told.length).toBeGreaterThan(3)
    expect(
      JSON.stringify(told.map(({ reason, message, action }) => [reason, message, action])),
    ).not.toContain('canary')
  })
})

describe('what is told of a configuration', () => {
  it('is each condition that turns, with the reason of the condition, and nothing else', async () => {
    const { operator, told, reasons } = await start()
    await operator.upload(DOCUMENT)
    operator.fleet.add()
    operator.fleet.add({ deviceId: 'device-2' })
    await operator.pass(10_000)
    expect(reasons('UserRuntimeConfig')).toEqual([
      'Normal Stored',
      'Normal InSync',
      'Warning SharedBetweenDevices',
    ])
    const before = told.length
    await operator.pass(10 * 60_000)
    expect(told).toHaveLength(before)
  })

  it('is that it cannot be delivered any more', async () => {
    const { operator, told } = await start()
    const config = await operator.upload(DOCUMENT)
    await operator.pass(2_000)
    const auth = {
      ...config.spec.auth,
      format: 'json' as const,
      targetPath: '~/x',
      encryptedValue: '["other","x"]',
    }
    const now = (await operator.config()) ?? config
    await operator.stores.store.update('UserRuntimeConfig', { ...now, spec: { ...now.spec, auth } })
    await operator.pass(2_000)
    expect(told.at(-1)).toMatchObject({ type: 'Warning', reason: 'DecryptFailed', action: 'Reconcile' })
  })
})
