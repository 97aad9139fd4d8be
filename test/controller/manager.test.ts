import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'

import { createControllerMetrics } from '#controller/metrics.ts'
import { type Course, run } from '#controller/run.ts'
import { AppError, type ErrorCode } from '#core/errors.ts'
import { createSealer } from '#secrets/seal.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyring } from '#test/support/keys.ts'
import { normal, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'

describe('the one switch', () => {
  /** What follows from a task that ends with this error; `null`: with none. */
  async function courseOf(error: unknown): Promise<readonly string[]> {
    const taken: string[] = []
    const course: Course = {
      done: () => void taken.push('done'),
      again: () => void taken.push('again'),
      later: () => void taken.push('later'),
      stall: () => void taken.push('stall'),
    }
    await run(async () => {
      if (error !== null) throw error
    }, course)
    return taken
  }

  it.each<[ErrorCode, string]>([
    ['CONFLICT', 'again'],
    ['EXPIRED', 'again'],
    ['STORE_UNAVAILABLE', 'later'],
    ['DEVICE_TIMEOUT', 'later'],
    ['DEVICE_UNSUPPORTED', 'stall'],
    ['INVALID', 'stall'],
  ])('takes the way the table of errors says: %s, %s', async (code, way) => {
    expect(await courseOf(new AppError(code, 'as expected'))).toEqual([way])
  })

  it('takes a bug up later, and an end without one as done', async () => {
    expect(await courseOf(new TypeError('undefined is not a function'))).toEqual(['later'])
    expect(await courseOf(null)).toEqual(['done'])
  })
})

describe('the metrics', () => {
  it('have the names of controller-runtime and of this product', () => {
    const registry = new Registry()
    const metrics = createControllerMetrics(registry, new FakeClock())
    metrics.observeOutOfSync(() => [])
    expect(
      registry
        .getMetricsAsArray()
        .map((metric) => metric.name)
        .sort(),
    ).toEqual([
      'controller_runtime_reconcile_errors_total',
      'controller_runtime_reconcile_time_seconds',
      'controller_runtime_reconcile_total',
      'runtimeconfig_out_of_sync',
      'runtimeconfig_sync_seconds',
      'runtimeconfig_sync_total',
      'workqueue_adds_total',
      'workqueue_depth',
      'workqueue_longest_running_processor_seconds',
      'workqueue_queue_duration_seconds',
      'workqueue_retries_total',
      'workqueue_unfinished_work_seconds',
      'workqueue_work_duration_seconds',
    ])
  })

  it('tell what was sent, how long it took until it was proven, and what is not as it should be', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    const held = Promise.withResolvers<void>()
    operator.fleet.transport = async (device, command) => {
      await held.promise
      return device.execute(command)
    }
    const device = operator.fleet.add()
    operator.fleet.add({ deviceId: 'foreign', files: { codex: normal('{"token":"own"}') } })
    await operator.pass(1_000)
    held.resolve()
    await operator.pass(1_000)
    operator.fleet.heartbeat(device)
    await operator.pass(0)
    const lines = (await operator.registry.metrics()).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'runtimeconfig_sync_total{runtime="codex",result="written"} 1',
        'runtimeconfig_sync_seconds_sum{runtime="codex"} 2',
        'runtimeconfig_sync_seconds_count{runtime="codex"} 1',
        'runtimeconfig_out_of_sync{runtime="codex",state="Foreign"} 1',
        'workqueue_depth{name="auth-sync"} 0',
        'workqueue_retries_total{name="device"} 0',
      ]),
    )
    expect(lines.filter((line) => line.startsWith('runtimeconfig_out_of_sync{'))).toHaveLength(1)
  })
})

describe('the manager', () => {
  it('works with documents that are really sealed', async () => {
    const operator = await Operator.forTest({ sealer: createSealer(aKeyring()) })
    await operator.upload(DOCUMENT)
    const device = operator.fleet.add()
    await operator.until(() => device.files.has('codex'))
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
  })

  it('says nothing secret in its log', async () => {
    const written: string[] = []
    const write = (fields: object, message: string) => void written.push(JSON.stringify(fields), message)
    const logger = { debug: write, info: write, warn: write, error: write }
    const operator = await Operator.forTest({ logger })
    await operator.upload('{"token":"canary-7f3a"}')
    const device = operator.fleet.add()
    await operator.pass(1_000)
    expect(device.files.get('codex')).toContain('canary-7f3a')
    expect(written).not.toEqual([])
    expect(written.join()).not.toContain('canary-7f3a')
  })

  it('stops working when its signal aborts', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    await operator.manager.stop()
    const device = operator.fleet.add()
    await operator.pass(60_000)
    expect(device.received).toEqual([])
    expect(() => operator.manager.checkAlive()).not.toThrow()
  })

  it('is not alive any more when keys wait that nobody takes', async () => {
    const never = new Promise<never>(() => undefined)
    const sealer = { seal: async () => 'sealed', open: () => never }
    const operator = await Operator.forTest({ sealer })
    await operator.upload(DOCUMENT)
    for (let index = 0; index < 40; index += 1) operator.fleet.add({ deviceId: `device-${index}` })
    await operator.pass(120_000)
    expect(() => operator.manager.checkAlive()).not.toThrow()
    await operator.pass(1_000)
    expect(() => operator.manager.checkAlive()).toThrow('a key has waited 121 s for a worker')
  })

  it('looks again at what no event told it of', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT)
    const device = operator.fleet.add({ files: { codex: normal('{"token":"own"}') } })
    await operator.pass(1_000)
    device.files.clear()
    operator.fleet.heartbeatUnheard(device)
    await operator.pass(11 * 60_000)
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
  })

  it('does nothing more to the devices of a user who was deactivated', async () => {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT, { removalPolicy: 'RemoveManaged' })
    const device = operator.fleet.add()
    await operator.until(() => device.files.has('codex'))
    await operator.pass(1_000)
    await operator.stores.users.setActive((await operator.user()).id, false)
    await operator.enable({ isEnabled: false })
    await operator.pass(60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({ state: 'ToRemove', reason: 'NotSuspended' })
  })
})
