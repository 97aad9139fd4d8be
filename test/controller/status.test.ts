import { describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { findCondition } from '#crds/conditions.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { answer } from '#test/support/fleet.ts'
import { FIELDS, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret","refresh":"r","account":{"id":"ada"}}'
const DAY_MS = 24 * 60 * 60_000

async function versionOf({ stores }: Operator): Promise<number> {
  return Number((await stores.store.list('Runtime')).metadata.resourceVersion)
}

async function conditionOf(operator: Operator, type: string): Promise<readonly (string | undefined)[]> {
  const condition = findCondition((await operator.config())?.status?.conditions, type)
  return [condition?.status, condition?.reason]
}

describe('the object of a device', () => {
  it('is made when the device registers, and tells what it says', async () => {
    const operator = await Operator.forTest()
    operator.fleet.add({ deviceType: 'cloud' })
    await operator.pass(1_000)
    expect(await operator.device()).toMatchObject({
      metadata: { name: 'device-1', namespace: 'user-1' },
      spec: { deviceId: 'device-1', displayName: 'Device device-1', deviceType: 'cloud' },
      status: {
        executorVersion: '1.0.0',
        conditions: [{ type: 'Online', status: 'True', reason: 'HeartbeatReceived' }],
      },
    })
  })

  it('has a name that Kubernetes takes, whatever the id is', async () => {
    const operator = await Operator.forTest()
    operator.fleet.add({ deviceId: 'Ada’s Laptop/1' })
    await operator.pass(1_000)
    const device = await operator.device('Ada’s Laptop/1')
    expect(device?.metadata.name).toMatch(/^dev-[0-9a-f]{32}$/)
    expect(await operator.explain('Ada’s Laptop/1')).toMatchObject({ deviceId: 'Ada’s Laptop/1' })
  })

  it('follows the device offline and back', async () => {
    const operator = await Operator.forTest()
    const device = operator.fleet.add()
    await operator.pass(1_000)
    operator.fleet.disconnect(device)
    await operator.pass(1_000)
    expect((await operator.device())?.status?.conditions).toMatchObject([
      { status: 'False', reason: 'NoHeartbeat' },
    ])
    operator.fleet.connect(device)
    await operator.pass(1_000)
    expect((await operator.device())?.status?.conditions).toMatchObject([{ status: 'True' }])
  })

  it('costs no write and no queue entry while nothing changes, however many heartbeats come', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    const devices = Array.from({ length: 20 }, (_, index) =>
      operator.fleet.add({ deviceId: `device-${index}` }),
    )
    await operator.until(() => devices.every((device) => device.files.has('codex')))
    await operator.pass(5_000)
    const adds = async () =>
      (await operator.registry.getSingleMetricAsString('workqueue_adds_total')).split('\n')
    const before = [await versionOf(operator), await adds()]
    for (let minute = 0; minute < 15; minute += 1) {
      for (const device of devices) operator.fleet.heartbeat(device)
      await operator.pass(60_000)
    }
    expect([await versionOf(operator), await adds()]).toEqual(before)
    expect(operator.fleet.unchanged).toBeGreaterThan(290)
  })

  it('comes back when somebody deletes it while the device is connected', async () => {
    const operator = await Operator.forTest()
    operator.fleet.add()
    await operator.pass(1_000)
    const first = await operator.device()
    await operator.stores.store.delete('Device', { namespace: 'user-1', name: 'device-1' })
    await operator.pass(1_000)
    expect((await operator.device())?.metadata.uid).toEqual(
      expect.not.stringMatching(first?.metadata.uid ?? ''),
    )
  })

  it('says that a device did not come back after a restart of ours, once it had the time', async () => {
    const operator = await Operator.forTest()
    operator.fleet.add()
    await operator.pass(1_000)
    await operator.crash()
    await operator.pass(100_000)
    expect((await operator.device())?.status?.conditions).toMatchObject([{ status: 'True' }])
    await operator.pass(30_000)
    expect((await operator.device())?.status?.conditions).toMatchObject([
      { status: 'False', reason: 'NotConnected' },
    ])
  })

  it('is forgotten 30 days after the device was seen last, and not before', async () => {
    const clock = new FakeClock()
    const operator = await Operator.forTest({ clock })
    const days = async (count: number) => {
      await operator.pass(DAY_MS)
      clock.jump((count - 2) * DAY_MS)
      await operator.pass(DAY_MS)
    }
    await operator.pass(1_000)
    const [gone, kept] = ['gone', 'kept'].map((deviceId) => operator.fleet.add({ deviceId }))
    await operator.pass(1_000)
    // It had been idle for long when it went away: that day counts.
    await days(10)
    await operator.crash()
    if (kept) operator.fleet.connect(kept)
    await days(29)
    expect((await operator.device('gone'))?.spec.deviceId).toBe(gone?.key.deviceId)
    await days(3)
    expect([await operator.device('gone'), (await operator.device('kept'))?.spec.deviceId]).toEqual([
      undefined,
      'kept',
    ])
  })
})

describe('the status of a configuration', () => {
  it('sums up what is so on all devices, and says which generation it is about', async () => {
    const operator = await Operator.forTest()
    const config = await operator.upload(DOCUMENT)
    const [good, away, broken] = ['good', 'away', 'broken'].map((deviceId) =>
      operator.fleet.add({ deviceId }),
    )
    if (broken) broken.respond = async () => answer('failed', { error: 'read-only file system' })
    await operator.until(() => good?.files.has('codex') === true && (broken?.received.length ?? 0) > 0)
    await operator.pass(500)
    if (away) operator.fleet.disconnect(away)
    await operator.pass(2_000)
    expect((await operator.config())?.status).toMatchObject({
      observedGeneration: config.metadata.generation,
      devices: { online: 2, inSync: 1, missing: 1, stale: 0, failed: 0 },
    })
    expect(await conditionOf(operator, 'Ready')).toEqual(['True', 'Stored'])
    expect(await conditionOf(operator, 'Synced')).toEqual(['False', 'OutOfSync'])
  })

  it('warns when one refresh token is in use on two devices', async () => {
    const operator = await Operator.forTest({ fields: FIELDS })
    await operator.upload(DOCUMENT)
    const devices = ['device-1', 'device-2'].map((deviceId) => operator.fleet.add({ deviceId }))
    await operator.until(() => devices.every((device) => device.files.has('codex')))
    await operator.pass(2_000)
    expect(await conditionOf(operator, 'CredentialShared')).toEqual(['True', 'SharedBetweenDevices'])
    const [first] = devices
    if (first) {
      first.sessions = 0
      operator.fleet.heartbeat(first)
    }
    await operator.pass(2_000)
    expect(await conditionOf(operator, 'CredentialShared')).toEqual(['False', 'NotShared'])
  })

  it('says that the document does not open, and nothing is sent anywhere', async () => {
    const operator = await Operator.forTest()
    const config = await operator.upload(DOCUMENT)
    await operator.addUser('eve')
    const { encryptedValue, sha256 } = config.spec.auth ?? {}
    const auth = {
      format: 'json' as const,
      targetPath: '~/.codex/auth.json',
      ...(encryptedValue && sha256 && { encryptedValue, sha256 }),
    }
    const { apiVersion, kind } = config
    await operator.stores.store.create('UserRuntimeConfig', {
      apiVersion,
      kind,
      metadata: { namespace: 'user-2', name: 'codex' },
      spec: { runtime: 'codex', auth },
    })
    const device = operator.fleet.add({ namespace: 'user-2' })
    await operator.pass(5_000)
    expect(device.received).toEqual([])
    expect(await operator.explain('device-1', 'codex', 'user-2')).toMatchObject({ reason: 'Decryptable' })
    const copied = await operator.config({ user: 'eve' })
    expect(findCondition(copied?.status?.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'DecryptFailed',
    })
    await expect(
      operator.manager.authSync.requestSync({ namespace: 'user-2', runtime: 'codex' }),
    ).rejects.toMatchObject({ code: 'DECRYPT_FAILED' })
  })

  it('costs at most two writes a device and a handful for the summary when many devices are switched on', async () => {
    const operator = await Operator.forTest({ isEnabled: false })
    await operator.upload(DOCUMENT)
    const devices = Array.from({ length: 200 }, (_, index) =>
      operator.fleet.add({ deviceId: `device-${index}` }),
    )
    await operator.pass(5_000)
    const before = await versionOf(operator)
    await operator.enable()
    await operator.until(() => devices.every((device) => device.files.has('codex')))
    await operator.pass(10_000)
    expect((await operator.config())?.status?.devices).toMatchObject({ online: 200, inSync: 200 })
    expect((await versionOf(operator)) - before).toBeLessThan(2 * 200 + 10)
  })
})

describe('suspending', () => {
  it.each<[string, (operator: Operator, suspend: boolean) => Promise<unknown>]>([
    [
      'a configuration',
      async (operator, suspend) => {
        const config = await operator.config()
        if (config)
          await operator.stores.store.update('UserRuntimeConfig', {
            ...config,
            spec: { ...config.spec, suspend },
          })
      },
    ],
    [
      'a device',
      async (operator, suspend) => {
        const device = await operator.device()
        if (device)
          await operator.stores.store.update('Device', { ...device, spec: { ...device.spec, suspend } })
      },
    ],
  ])('%s stops all that is done, shows, and ends', async (_what, suspend) => {
    const operator = await Operator.forTest({ isEnabled: false })
    await operator.upload(DOCUMENT)
    const device = operator.fleet.add()
    await operator.pass(1_000)
    await suspend(operator, true)
    await operator.enable()
    await operator.pass(60_000)
    expect(device.received).toEqual([])
    expect((await operator.device())?.status?.runtimes).toMatchObject([
      { state: 'Missing', reason: 'NotSuspended' },
    ])
    await suspend(operator, false)
    await operator.until(() => device.files.has('codex'))
  })
})

describe('the status of a proxy', () => {
  it('says whether it opens, and shows it masked', async () => {
    const operator = await Operator.forTest()
    const { id, namespace } = await operator.user()
    const place = {
      user: id,
      kind: 'UserProxyConfig',
      namespace,
      name: 'default',
      field: 'spec.proxy.encryptedUrl',
    }
    const encryptedUrl = await operator.sealer.seal(new Secret('http://ada:secret@127.0.0.1:7890'), place)
    const created = await operator.stores.store.create('UserProxyConfig', {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserProxyConfig',
      metadata: { namespace, name: 'default' },
      spec: { proxy: { encryptedUrl, sha256: 'a'.repeat(64), updatedAt: '2026-11-21T10:00:00.000Z' } },
    })
    await operator.pass(100)
    const read = () => operator.stores.store.get('UserProxyConfig', { namespace, name: 'default' })
    expect((await read()).status).toMatchObject({
      maskedUrl: 'http://***:***@127.0.0.1:7890',
      conditions: [{ type: 'Ready', status: 'True' }],
    })
    const elsewhere = await operator.sealer.seal(new Secret('http://h:1'), { ...place, user: '9' })
    const spec = {
      proxy: { encryptedUrl: elsewhere, sha256: 'a'.repeat(64), updatedAt: '2026-11-21T10:00:00.000Z' },
    }
    await operator.stores.store.update('UserProxyConfig', {
      ...created,
      metadata: { namespace, name: 'default' },
      spec,
    })
    await operator.pass(100)
    expect((await read()).status).toMatchObject({
      maskedUrl: '',
      conditions: [{ status: 'False', reason: 'DecryptFailed' }],
    })
    await operator.stores.store.update('UserProxyConfig', {
      ...created,
      metadata: { namespace, name: 'default' },
      spec: {},
    })
    await operator.pass(100)
    expect((await read()).status).toMatchObject({
      maskedUrl: '',
      conditions: [{ status: 'True', reason: 'NothingStored' }],
    })
  })
})

describe('a store that fails', () => {
  it('delays a status, and loses none', async () => {
    const operator = await Operator.forTest()
    const { store } = operator.stores
    const updateStatus = store.updateStatus.bind(store)
    let failures = 3
    store.updateStatus = async (kind, object) => {
      failures -= 1
      if (failures >= 0) throw new AppError(failures === 1 ? 'CONFLICT' : 'STORE_UNAVAILABLE', 'not now')
      return updateStatus(kind, object)
    }
    operator.fleet.add()
    await operator.pass(20_000)
    expect((await operator.device())?.status?.conditions).toMatchObject([{ status: 'True' }])
  })
})
