import { describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { answer, type FleetDevice } from '#test/support/fleet.ts'
import { normal, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'
const NEXT = '{"token":"second"}'
const BROKEN = answer('failed', { error: 'read-only file system' })

/** An operator with a stored login, and a device that fails whatever it is told. */
async function withBrokenDevice(): Promise<{ operator: Operator; device: FleetDevice }> {
  const operator = await Operator.forTest()
  await operator.upload(DOCUMENT)
  await operator.pass(0)
  const device = operator.fleet.add()
  device.respond = async () => BROKEN
  await operator.until(() => device.received.length === 1)
  await operator.pass(0)
  return { operator, device }
}

/** The same after eight failures. */
async function withQuarantinedDevice() {
  const world = await withBrokenDevice()
  await world.operator.pass(10 * 60_000)
  return world
}

describe('a device that fails', () => {
  it('is tried again after longer and longer waits, eight times, and then no more', async () => {
    const { operator, device } = await withBrokenDevice()
    expect(await operator.explain()).toMatchObject({
      state: 'Missing',
      reason: 'NotBackingOff',
      attempts: 1,
      lastResult: 'failed',
      nextAction: 'write',
      message:
        'The next attempt is at 2026-11-21T10:00:01.000Z. 1 attempt in a row failed: read-only file system',
    })
    const counts: number[] = []
    for (const waitMs of [1, 2, 4, 8, 16, 32, 64, 3_600].map((seconds) => seconds * 1_000)) {
      await operator.pass(waitMs - 1)
      counts.push(device.received.length)
      await operator.pass(1)
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(device.received).toHaveLength(8)
    expect(await operator.explain()).toMatchObject({
      state: 'Stalled',
      reason: 'NotQuarantined',
      attempts: 8,
      nextAction: 'none',
      nextAttemptAt: null,
      unblock: expect.stringContaining('request a sync'),
    })
    expect((await operator.device())?.status?.runtimes).toMatchObject([
      { state: 'Stalled', attempts: 8, lastResult: 'failed' },
    ])
    expect((await operator.config())?.status?.devices).toMatchObject({ failed: 1 })
  })

  it.each<[string, (operator: Operator, device: FleetDevice) => Promise<unknown> | void]>([
    ['another document is stored', (operator) => operator.upload(NEXT)],
    [
      'the device says something else',
      (operator, device) => {
        device.executorVersion = '2.0.0'
        device.reported = { targetPath: '/elsewhere/auth.json' }
        operator.fleet.heartbeat(device)
      },
    ],
    [
      'the device comes back',
      (operator, device) => {
        operator.fleet.disconnect(device)
        operator.fleet.connect(device)
      },
    ],
    [
      'a person asks for a sync',
      (operator) => operator.manager.authSync.requestSync({ namespace: 'user-1', runtime: 'codex' }),
    ],
    [
      'it is switched off and on',
      async (operator) => {
        await operator.enable({ isEnabled: false })
        await operator.pass(0)
        await operator.enable()
      },
    ],
  ])('is tried again when %s', async (_when, change) => {
    const { operator, device } = await withQuarantinedDevice()
    device.respond = null
    await operator.pass(60_000)
    expect(device.files.size).toBe(0)
    await change(operator, device)
    await operator.until(() => device.files.has('codex'))
    await operator.pass(0)
    expect(await operator.explain()).toMatchObject({ state: 'InSync', attempts: 0 })
  })

  it('stays quarantined over a restart of the operator', async () => {
    const { operator, device } = await withQuarantinedDevice()
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(10 * 60_000)
    expect(device.received).toHaveLength(8)
    expect(await operator.explain()).toMatchObject({
      state: 'Stalled',
      reason: 'NotQuarantined',
      attempts: 8,
    })
  })

  it('is tried again after a restart when another document was stored just before', async () => {
    const { operator, device } = await withQuarantinedDevice()
    await operator.upload(NEXT)
    await operator.crash()
    device.respond = null
    operator.fleet.connect(device)
    await operator.pass(1_000)
    expect(device.files.get('codex')).toBe(normal(NEXT))
  })

  it('waits on over a restart of the operator', async () => {
    const { operator, device } = await withBrokenDevice()
    await operator.pass(1_000 + 2_000 + 4_000 + 8_000 + 2_000)
    expect(device.received).toHaveLength(5)
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(13_999)
    expect(device.received).toHaveLength(5)
    await operator.pass(1)
    expect(device.received).toHaveLength(6)
  })
})

describe('a device that answers oddly', () => {
  it('stalls when it skips a file that it reports missing: the paths do not match', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    device.respond = async () => answer('skipped_existing')
    await operator.until(() => device.received.length === 1)
    await operator.pass(60 * 60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({
      state: 'Stalled',
      reason: 'PathMismatch',
      lastResult: 'skipped_existing',
    })
    await operator.crash()
    operator.fleet.connect(device)
    await operator.pass(60 * 60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({ state: 'Stalled', reason: 'PathMismatch' })
    device.reported = { exists: true }
    operator.fleet.heartbeat(device)
    await operator.pass(0)
    expect(await operator.explain()).not.toMatchObject({ state: 'Stalled' })
  })

  it('does not loop when it says written and never shows a file', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    device.respond = async () => answer('written')
    await operator.until(() => device.received.length === 1)
    await operator.pass(60 * 60_000)
    expect(device.received).toHaveLength(8)
    expect(await operator.explain()).toMatchObject({ state: 'Stalled', reason: 'NotQuarantined' })
  })

  it.each(['removed', 'read', 'probed'] as const)(
    'has failed when its answer is to another question: %s',
    async (status) => {
      const operator = await Operator.forTest()
      await operator.upload(DOCUMENT)
      await operator.pass(0)
      const device = operator.fleet.add()
      device.respond = async () => answer(status)
      await operator.until(() => device.received.length === 1)
      await operator.pass(0)
      expect(await operator.explain()).toMatchObject({ lastResult: 'failed', attempts: 1 })
    },
  )

  it('is left alone when it got a newer document already, until one is stored that is newer still', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    const error = 'the document of … is older than what this device got already'
    device.respond = async () => answer('older_document', { error })
    await operator.until(() => device.received.length === 1)
    await operator.pass(60 * 60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({
      state: 'Stalled',
      reason: 'OlderDocument',
      message: error,
      unblock: expect.stringContaining('upload the stored one again'),
      lastResult: 'failed',
      attempts: 0,
    })
    device.respond = null
    // The very same login again: what makes the difference is when it was stored.
    await operator.upload(DOCUMENT)
    await operator.until(() => device.files.has('codex'))
    const numbers = device.received.map((command) => 'documentNumber' in command && command.documentNumber)
    expect(numbers).toEqual([expect.any(Number), expect.any(Number)])
    expect(Number(numbers[1])).toBeGreaterThan(Number(numbers[0]))
  })

  it('is left alone when it does not know the command, until something changes', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    device.respond = () => Promise.reject(new AppError('DEVICE_UNSUPPORTED', 'needs the runtimeconfig agent'))
    await operator.until(() => device.received.length === 1)
    await operator.pass(60 * 60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({
      state: 'Stalled',
      reason: 'CommandUnsupported',
      lastResult: 'unsupported',
    })
  })

  it('is not blamed for going away', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    device.respond = () => Promise.reject(new AppError('DEVICE_OFFLINE', "Device 'device-1' is offline"))
    await operator.until(() => device.received.length === 1)
    await operator.pass(5 * 60_000)
    expect(await operator.explain()).toMatchObject({ state: 'Missing', attempts: 0, lastResult: 'offline' })
  })

  it('gets no more commands than its budget when its report flips to and fro', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    const device = operator.fleet.add()
    for (let second = 0; second < 120; second += 1) {
      device.files.clear()
      operator.fleet.heartbeat(device)
      await operator.pass(1_000)
    }
    expect(device.received.length).toBeGreaterThan(20)
    expect(device.received.length).toBeLessThanOrEqual(20 + 120 / 6)
  })

  it('that throws what nobody expects is tried again, and the log says so', async () => {
    const logged: unknown[] = []
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (_fields: object, message: string) => void logged.push(message),
    }
    const operator = await Operator.forTest({ logger })
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    device.respond = () => Promise.reject(new TypeError('undefined is not a function'))
    await operator.until(() => device.received.length === 1)
    await operator.pass(0)
    expect(logged).toEqual(['command ended in an unexpected error'])
    device.respond = null
    await operator.pass(1_000)
    expect(device.files.has('codex')).toBe(true)
  })
})

describe('a command on its way', () => {
  /** A device whose next answer waits until `release` is called. */
  async function withHeldDevice() {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    const device = operator.fleet.add()
    const gate = Promise.withResolvers<void>()
    device.respond = async (command) => {
      await gate.promise
      device.respond = null
      return device.obey(command)
    }
    await operator.until(() => device.received.length === 1)
    return { operator, device, release: () => gate.resolve() }
  }

  it('shows as Syncing, then as Verifying until a heartbeat proves it', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    const gate = Promise.withResolvers<void>()
    operator.fleet.transport = async (device, command) => {
      await gate.promise
      return device.execute(command)
    }
    const device = operator.fleet.add()
    await operator.pass(5_000)
    expect(await operator.explain()).toMatchObject({ state: 'Syncing', reason: 'NotInFlight' })
    expect((await operator.device())?.status?.runtimes).toMatchObject([{ state: 'Syncing' }])
    gate.resolve()
    await operator.pass(5_000)
    expect(await operator.explain()).toMatchObject({
      state: 'Verifying',
      reason: 'NotInFlight',
      lastResult: 'written',
    })
    expect((await operator.device())?.status?.runtimes).toMatchObject([{ state: 'Verifying' }])
    operator.fleet.heartbeat(device)
    await operator.pass(5_000)
    expect(await operator.explain()).toMatchObject({ state: 'InSync' })
    expect((await operator.device())?.status?.runtimes).toMatchObject([{ state: 'InSync' }])
  })

  it('does not hold up other devices, however many never answer', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.pass(0)
    for (let index = 0; index < 100; index += 1) {
      operator.fleet.add({ deviceId: `silent-${index}` }).respond = () => new Promise(() => undefined)
    }
    await operator.pass(0)
    const device = operator.fleet.add()
    await operator.pass(0)
    expect(device.files.has('codex')).toBe(true)
  })

  it('carries what is stored when it is sent, also when the caches are behind', async () => {
    const operator = await Operator.forTest()
    const { store } = operator.stores
    const get = store.get.bind(store)
    let isFirst = true
    store.get = async (kind, key) => {
      if (kind === 'UserRuntimeConfig' && isFirst) {
        isFirst = false
        await operator.upload(NEXT)
      }
      return get(kind, key)
    }
    const device = operator.fleet.add()
    await operator.pass(0)
    await operator.upload(DOCUMENT)
    await operator.pass(1_000)
    expect(device.files.get('codex')).toBe(normal(NEXT))
    expect(device.received).toHaveLength(1)
  })

  it('that carried an older document is followed by the newer one where the policy allows', async () => {
    const { operator, device, release } = await withHeldDevice()
    await operator.upload(NEXT, { updatePolicy: 'IfStale' })
    await operator.pass(0)
    release()
    await operator.until(() => device.files.get('codex') === normal(NEXT))
    await operator.pass(0)
    expect(await operator.explain()).toMatchObject({ state: 'InSync' })
  })

  it('is waited for when the operator stops, and its end is written down', async () => {
    const { operator, device, release } = await withHeldDevice()
    const stopped = operator.manager.stop()
    await operator.pass(1_000)
    release()
    await stopped
    expect(device.files.has('codex')).toBe(true)
    expect((await operator.device())?.status?.runtimes).toMatchObject([{ lastResult: 'written' }])
  })

  it('is not waited for without end', async () => {
    const { operator } = await withHeldDevice()
    let isStopped = false
    const stopped = operator.manager.stop().then(() => (isStopped = true))
    await operator.pass(9_000)
    expect(isStopped).toBe(false)
    await operator.pass(1_000)
    await stopped
  })
})
