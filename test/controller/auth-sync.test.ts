import { describe, expect, it } from 'vitest'

import type { RuntimeFileReport } from '#core/device-report.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { answer, type FleetDevice } from '#test/support/fleet.ts'
import { FIELDS, normal, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'
const NEXT = '{"token":"second"}'
const DEVICE = { namespace: 'user-1', deviceId: 'device-1' }
const SYNC = { namespace: 'user-1', runtime: 'codex' }

/** The operator of user `ada`, whose switch is on, with her login stored. */
async function anOperator(): Promise<Operator> {
  const operator = await Operator.forTest()
  await operator.upload(DOCUMENT)
  return operator
}

/** The keys of the commands a device got. */
function commandsOf(device: FleetDevice): readonly string[] {
  return device.received.map((command) => command.key)
}

describe('heartbeat to sync', () => {
  it('delivers to a device that says the file is missing, and believes it when the next heartbeat proves it', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    await operator.until(() => device.files.has('codex'))
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
    await operator.pass(0)
    expect(await operator.explain()).toMatchObject({
      state: 'InSync',
      lastResult: 'written',
      attempts: 0,
      nextAction: 'none',
    })
  })

  it.each<[string, Partial<RuntimeFileReport> | null]>([
    ['exists', { exists: true }],
    ['is not mentioned', null],
    ['is mentioned without a word on its existence', { exists: null }],
    ['could not be looked at', { exists: null, error: 'no access' }],
  ])('54: sends nothing when the file %s', async (_how, reported) => {
    const operator = await anOperator()
    const device = operator.fleet.add({ isOurAgent: false, runtimes: reported === null ? [] : ['codex'] })
    device.reported = reported ?? {}
    operator.fleet.heartbeat(device)
    await operator.pass(60_000)
    expect(commandsOf(device)).toEqual([])
  })

  it('55: sends nothing when use_user_config is false', async () => {
    const operator = await anOperator()
    await operator.enable({ isEnabled: false })
    await operator.pass(0)
    const device = operator.fleet.add()
    await operator.pass(60_000)
    expect(commandsOf(device)).toEqual([])
    expect(await operator.explain()).toMatchObject({ state: 'NotManaged', reason: 'Enabled' })
  })

  it('56: sends nothing when no document is stored', async () => {
    const operator = await Operator.forTest()
    const device = operator.fleet.add()
    await operator.pass(60_000)
    expect(commandsOf(device)).toEqual([])
    expect(await operator.explain()).toMatchObject({ state: 'NotManaged', reason: 'Stored' })
  })

  it.each(['written', 'skipped_existing'] as const)(
    '59, 60: a requested sync tells what the device answered: %s',
    async (status) => {
      const operator = await anOperator()
      const device = operator.fleet.add({ isOurAgent: false })
      device.respond = async () => answer(status)
      await operator.pass(0)
      const outcomes = await operator.manager.authSync.requestSync(SYNC)
      expect(outcomes).toEqual([{ deviceId: 'device-1', success: true, status, error: null }])
    },
  )

  it('62: a missing answer is a failure; it releases the device, and a later heartbeat may try again', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add()
    const timeout = new AppError(
      'DEVICE_TIMEOUT',
      "Command RPC timed out after 65 seconds while waiting for device 'device-1'",
    )
    device.respond = () => Promise.reject(timeout)
    await operator.until(() => device.received.length === 1)
    await operator.pass(0)
    expect(await operator.explain()).toMatchObject({
      state: 'Missing',
      reason: 'NotBackingOff',
      lastResult: 'timed_out',
      attempts: 1,
    })
    device.respond = null
    await operator.pass(1_000)
    expect(device.files.get('codex')).toBe(normal(DOCUMENT))
    expect(await operator.explain()).toMatchObject({ state: 'InSync', attempts: 0 })
  })

  it('63: a device of another user with the same id gets nothing', async () => {
    const operator = await anOperator()
    await operator.addUser('eve')
    const [own, other] = ['user-1', 'user-2'].map((namespace) => operator.fleet.add({ namespace }))
    await operator.until(() => own?.files.has('codex') === true)
    await operator.pass(60_000)
    expect(other?.received).toEqual([])
  })

  it('64: a remote device never gets an auth command, not even on request', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add({ deviceType: 'remote' })
    await operator.pass(60_000)
    const error = "Device command key 'sync_runtime_auth_file' is not supported for remote devices"
    const outcomes = await operator.manager.authSync.requestSync(SYNC)
    expect(outcomes).toEqual([{ deviceId: 'device-1', success: false, status: 'unsupported', error }])
    expect(commandsOf(device)).toEqual([])
  })

  it('67: devices that hold the old document are shown out of sync after an upload', async () => {
    const operator = await anOperator()
    const [ours, executor] = [true, false].map((isOurAgent, index) =>
      operator.fleet.add({ deviceId: `device-${index + 1}`, isOurAgent }),
    )
    await operator.until(() => ours?.files.has('codex') === true && executor?.files.has('codex') === true)
    if (executor) operator.fleet.heartbeat(executor)
    await operator.pass(2_000)
    expect((await operator.config())?.status?.devices).toMatchObject({ online: 2, inSync: 2, stale: 0 })
    await operator.upload(NEXT)
    await operator.pass(2_000)
    expect((await operator.config())?.status?.devices).toMatchObject({ online: 2, inSync: 0, stale: 2 })
    expect([await operator.explain('device-1'), await operator.explain('device-2')]).toMatchObject([
      { state: 'Stale', reason: 'KeptByPolicy' },
      { state: 'Stale', reason: 'DigestNotReported' },
    ])
  })

  it('69: switching on syncs a device that is known to lack the file, without waiting for a heartbeat', async () => {
    const operator = await Operator.forTest({ isEnabled: false })
    await operator.upload(DOCUMENT)
    const device = operator.fleet.add()
    await operator.pass(1_000)
    expect(commandsOf(device)).toEqual([])
    await operator.enable()
    await operator.until(() => device.files.has('codex'))
    expect(commandsOf(device)).toEqual(['sync_runtime_auth_file'])
  })

  it('an upload reaches all devices that lack the file at once', async () => {
    const operator = await Operator.forTest()
    const devices = [1, 2, 3].map((number) => operator.fleet.add({ deviceId: `device-${number}` }))
    await operator.pass(0)
    await operator.upload(DOCUMENT)
    await operator.until(() => devices.every((device) => device.files.has('codex')))
    expect(devices.map(commandsOf)).toEqual(devices.map(() => ['sync_runtime_auth_file']))
  })
})

describe('a file that exists', () => {
  const login = (changes: object = {}) =>
    JSON.stringify({ account: { id: 'ada' }, last_refresh: '2026-11-20T00:00:00Z', ...changes })

  /** A device that got the first login. */
  async function delivered(updatePolicy: 'IfMissing' | 'IfStale') {
    const operator = await Operator.forTest({ fields: FIELDS })
    await operator.upload(login(), { updatePolicy })
    const device = operator.fleet.add()
    await operator.until(() => device.files.has('codex'))
    await operator.pass(0)
    return { operator, device }
  }

  it('is replaced by a newer login with updatePolicy IfStale', async () => {
    const { operator, device } = await delivered('IfStale')
    const next = login({ last_refresh: '2026-11-21T00:00:00Z' })
    await operator.upload(next)
    await operator.until(() => device.files.get('codex') === normal(next))
    await operator.pass(2_000)
    expect(await operator.explain()).toMatchObject({ state: 'InSync' })
    expect((await operator.device())?.status?.runtimes).toMatchObject([
      { digest: (await operator.config())?.spec.auth?.sha256 },
    ])
  })

  it('is never replaced by an older login', async () => {
    const { operator, device } = await delivered('IfStale')
    await operator.upload(login({ last_refresh: '2026-11-19T00:00:00Z' }))
    await operator.pass(60_000)
    expect(device.files.get('codex')).toBe(normal(login()))
    expect(await operator.explain()).toMatchObject({
      state: 'Stale',
      reason: 'NewerOnDevice',
      nextAction: 'none',
    })
  })

  it('that the CLI refreshed is left alone with IfMissing, and offered for import', async () => {
    const { operator, device } = await delivered('IfMissing')
    device.put('codex', normal(login({ last_refresh: '2026-11-21T00:00:00Z' })))
    operator.fleet.heartbeat(device)
    await operator.pass(60_000)
    expect(commandsOf(device)).toEqual(['sync_runtime_auth_file'])
    expect(await operator.explain()).toMatchObject({
      state: 'RotatedOnDevice',
      nextAction: 'none',
      unblock: expect.stringContaining('Import'),
    })
  })

  it('that the CLI refreshed is imported with IfStale, and goes on to the other devices', async () => {
    const { operator, device } = await delivered('IfStale')
    const other = operator.fleet.add({ deviceId: 'device-2' })
    await operator.until(() => other.files.has('codex'))
    const refreshed = normal(login({ last_refresh: '2026-11-21T00:00:00Z' }))
    device.put('codex', refreshed)
    operator.fleet.heartbeat(device)
    await operator.until(() => other.files.get('codex') === refreshed)
    await operator.pass(2_000)
    expect(device.files.get('codex')).toBe(refreshed)
    expect([await operator.explain('device-1'), await operator.explain('device-2')]).toMatchObject([
      { state: 'InSync', lastResult: 'imported' },
      { state: 'InSync', lastResult: 'written' },
    ])
  })

  it('is not imported when it changed again before it was read', async () => {
    const { operator, device } = await delivered('IfStale')
    const before = (await operator.config())?.spec
    device.put('codex', normal(login({ last_refresh: '2026-11-21T00:00:00Z' })))
    device.respond = async (command) => {
      if (command.key === 'read_runtime_auth_file')
        device.put('codex', normal(login({ account: { id: 'eve' }, last_refresh: '2026-11-22T00:00:00Z' })))
      return device.obey(command)
    }
    operator.fleet.heartbeat(device)
    await operator.until(() => device.received.length === 2)
    await operator.pass(60_000)
    expect((await operator.config())?.spec).toEqual(before)
    expect(await operator.explain()).toMatchObject({ state: 'Foreign', reason: 'OtherAccount' })
  })

  it.each(['not json', '[1]', '{"account":{"id":"ada"}'])(
    'that is no login is not imported: %s',
    async (text) => {
      const { operator, device } = await delivered('IfStale')
      const before = (await operator.config())?.spec
      device.put('codex', normal(login({ last_refresh: '2026-11-21T00:00:00Z' })))
      device.respond = async (command) =>
        command.key === 'read_runtime_auth_file'
          ? answer('read', { content: new Secret(text) })
          : device.obey(command)
      operator.fleet.heartbeat(device)
      await operator.until(() => device.received.length === 2)
      await operator.pass(0)
      expect((await operator.config())?.spec).toEqual(before)
      expect(await operator.explain()).toMatchObject({
        state: 'Stalled',
        reason: 'DeviceDocumentUnusable',
        nextAction: 'none',
      })
    },
  )

  it('of someone else is never touched, whatever is uploaded, switched or asked for', async () => {
    const operator = await Operator.forTest({ fields: FIELDS })
    await operator.upload(login(), { updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    const own = normal(login({ account: { id: 'eve' } }))
    const device = operator.fleet.add({ files: { codex: own } })
    await operator.pass(1_000)
    expect(await operator.explain()).toMatchObject({ state: 'Foreign', reason: 'WrittenElsewhere' })
    await operator.upload(login({ last_refresh: '2026-11-21T00:00:00Z' }))
    await operator.manager.authSync.requestSync(SYNC)
    await operator.enable({ isEnabled: false })
    await operator.deleteDocument()
    await operator.pass(60_000)
    expect(device.files.get('codex')).toBe(own)
  })
})

describe('what is no longer wanted', () => {
  /** A device that got its file under a policy. */
  async function delivered(removalPolicy: 'Retain' | 'RemoveManaged', isOurAgent = true) {
    const operator = await Operator.forTest()
    await operator.upload(DOCUMENT, { removalPolicy })
    const device = operator.fleet.add({ isOurAgent })
    await operator.until(() => device.files.has('codex'))
    await operator.pass(0)
    return { operator, device }
  }

  it.each<[string, (operator: Operator) => Promise<unknown>]>([
    ['the switch is off', (operator) => operator.enable({ isEnabled: false })],
    ['the document was deleted', (operator) => operator.deleteDocument()],
    [
      'the resource was deleted',
      (operator) => operator.stores.store.delete('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' }),
    ],
  ])('is removed, and called removed when a heartbeat proved it: %s', async (_why, end) => {
    const { operator, device } = await delivered('RemoveManaged')
    await end(operator)
    await operator.until(() => !device.files.has('codex'))
    await operator.pass(2_000)
    expect(commandsOf(device)).toEqual(['sync_runtime_auth_file', 'remove_runtime_auth_file'])
    expect(await operator.explain()).toMatchObject({
      state: 'NotManaged',
      reason: 'Removed',
      lastResult: 'removed',
    })
    expect((await operator.device())?.status?.runtimes).toMatchObject([{ name: 'codex', reason: 'Removed' }])
  })

  it('comes back when it is switched on again', async () => {
    const { operator, device } = await delivered('RemoveManaged')
    await operator.enable({ isEnabled: false })
    await operator.until(() => !device.files.has('codex'))
    await operator.enable()
    await operator.until(() => device.files.has('codex'))
    await operator.pass(0)
    expect(await operator.explain()).toMatchObject({ state: 'InSync' })
  })

  it.each([
    ['removalPolicy is Retain', 'Retain', true],
    ['the executor cannot tell whose file it is', 'RemoveManaged', false],
  ] as const)('stays when %s', async (...[_why, policy, isOurAgent]) => {
    const { operator, device } = await delivered(policy, isOurAgent)
    await operator.enable({ isEnabled: false })
    await operator.pass(60_000)
    expect(commandsOf(device)).toEqual(['sync_runtime_auth_file'])
    expect(await operator.explain()).toMatchObject({ state: 'NotManaged', reason: 'Enabled' })
  })
})

describe('a new runtime', () => {
  it('gets all of it by a Runtime resource, while everything runs', async () => {
    const operator = await anOperator()
    const device = operator.fleet.add({ runtimes: ['codex', 'gemini'] })
    await operator.until(() => device.files.has('codex'))
    await expect(operator.explain('device-1', 'gemini')).rejects.toMatchObject({
      code: 'RUNTIME_UNSUPPORTED',
    })
    await operator.addRuntime('gemini')
    await operator.upload(NEXT, {
      runtime: 'gemini',
      updatePolicy: 'IfStale',
      removalPolicy: 'RemoveManaged',
    })
    await operator.enable({ runtime: 'gemini' })
    await operator.until(() => device.files.get('gemini') === normal(NEXT))
    await operator.upload(DOCUMENT, { runtime: 'gemini' })
    await operator.until(() => device.files.get('gemini') === normal(DOCUMENT))
    await operator.enable({ runtime: 'gemini', isEnabled: false })
    await operator.until(() => !device.files.has('gemini'))
    await operator.pass(2_000)
    expect(await operator.explain('device-1', 'gemini')).toMatchObject({
      state: 'NotManaged',
      reason: 'Removed',
    })
    expect((await operator.device())?.status?.runtimes?.map((row) => [row.name, row.state])).toEqual([
      ['codex', 'InSync'],
      ['gemini', 'NotManaged'],
    ])
  })
})

describe('explain', () => {
  it('knows no devices or runtimes that are not there', async () => {
    const operator = await anOperator()
    operator.fleet.add()
    await expect(operator.explain('device-2')).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' })
    await expect(operator.explain('device-1', 'nope')).rejects.toMatchObject({ code: 'RUNTIME_UNSUPPORTED' })
    await expect(
      operator.manager.authSync.explain({ ...DEVICE, namespace: 'user-9' }, 'codex'),
    ).rejects.toMatchObject({ code: 'DEVICE_UNKNOWN' })
  })

  it('shows every gate, also those behind the first that fails', async () => {
    const operator = await anOperator()
    await operator.enable({ isEnabled: false })
    await operator.pass(0)
    const device = operator.fleet.add()
    operator.fleet.disconnect(device)
    const { gates, reason, state } = await operator.explain()
    expect([state, reason]).toEqual(['NotManaged', 'Enabled'])
    expect(gates.filter((gate) => !gate.passed).map((gate) => gate.name)).toEqual([
      'Enabled',
      'Online',
      'NeedsFile',
    ])
    expect(gates.find((gate) => gate.name === 'Decryptable')?.passed).toBe(true)
  })
})
