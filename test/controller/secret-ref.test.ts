import { describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { findCondition } from '#crds/conditions.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import type { FleetDevice } from '#test/support/fleet.ts'
import { FIELDS, normal, Operator } from '#test/support/operator.ts'
import { SecretObjects } from '#test/support/secret-objects.ts'

const FIRST = '{"account":{"id":"ada"},"last_refresh":"2026-11-01T00:00:00Z","token":"first"}'
const SECOND = '{"account":{"id":"ada"},"last_refresh":"2026-11-02T00:00:00Z","token":"second"}'
const PLACE = 'user-1/login'
const MARKED = { isMarked: true }
const TEN_MINUTES = 10 * 60_000

async function anOperator() {
  const clock = new FakeClock()
  const secrets = new SecretObjects(() => clock.now())
  const operator = await Operator.forTest({ clock, secrets, fields: FIELDS })
  return { clock, secrets, operator }
}

/** An operator and a device that got its file from a Secret. */
async function withDelivery(updatePolicy: 'IfMissing' | 'IfStale' = 'IfStale') {
  const world = await anOperator()
  const { operator, secrets } = world
  secrets.put(PLACE, { 'auth.json': FIRST })
  await operator.refer(undefined, { updatePolicy })
  const device = operator.fleet.add()
  await operator.pass(1_000)
  expect(device.files.get('codex')).toBe(normal(FIRST))
  // Past the time for which a reading is kept.
  await operator.pass(10_000)
  return { ...world, device }
}

async function readyOf(operator: Operator) {
  const condition = findCondition((await operator.config())?.status?.conditions, 'Ready')
  return [condition?.status, condition?.reason]
}

function fileOf(device: FleetDevice): string | undefined {
  return device.files.get('codex')
}

describe('a login in a Secret', () => {
  it('arrives on the device, numbered by when the Secret changed, and costs no reading while nothing changes', async () => {
    const { operator, secrets, device, clock } = await withDelivery()
    expect(device.received).toMatchObject([{ documentNumber: clock.now() - 11_000 }])
    expect(await readyOf(operator)).toEqual(['True', 'Stored'])
    expect(await operator.explain()).toMatchObject({ state: 'InSync', reason: 'UpToDate' })
    await operator.pass(10_000)
    const reads = secrets.reads
    for (let minute = 0; minute < 60; minute += 1) {
      operator.fleet.heartbeat(device)
      await operator.pass(60_000)
    }
    // One look in ten minutes, for a Secret that is not marked.
    expect(secrets.reads - reads).toBe(6)
  })

  it('is not looked for at all while the Secret is marked, for as long as it is', async () => {
    const { operator, secrets, device } = await withDelivery()
    secrets.put(PLACE, { 'auth.json': FIRST }, MARKED)
    await operator.pass(10_000)
    const reads = secrets.reads
    await operator.pass(6 * TEN_MINUTES)
    expect(secrets.reads).toBe(reads)
    // Losing its mark is the last thing that is told of it.
    secrets.put(PLACE, { 'auth.json': FIRST })
    secrets.tell(PLACE)
    await operator.pass(10_000)
    secrets.put(PLACE, { 'auth.json': SECOND })
    await operator.pass(TEN_MINUTES)
    expect(fileOf(device)).toBe(normal(SECOND))
  })

  it('is replaced at once when the Secret changes and is marked', async () => {
    const { operator, secrets, device } = await withDelivery()
    secrets.put(PLACE, { 'auth.json': SECOND }, MARKED)
    await operator.pass(0)
    expect(fileOf(device)).toBe(normal(SECOND))
  })

  it('is replaced within ten minutes when the Secret changes and is not marked', async () => {
    const { operator, secrets, device } = await withDelivery()
    secrets.put(PLACE, { 'auth.json': SECOND })
    await operator.pass(TEN_MINUTES)
    expect(fileOf(device)).toBe(normal(SECOND))
  })

  it('is replaced when somebody asks for a sync', async () => {
    const { operator, secrets, device } = await withDelivery()
    secrets.put(PLACE, { 'auth.json': SECOND })
    const outcomes = await operator.manager.authSync.requestSync({ namespace: 'user-1', runtime: 'codex' })
    expect(outcomes).toMatchObject([{ success: true, status: 'written' }])
    expect(fileOf(device)).toBe(normal(SECOND))
  })

  it('is read again right before it is sent: what changed meanwhile is what arrives', async () => {
    const { operator, secrets } = await anOperator()
    secrets.put(PLACE, { 'auth.json': FIRST })
    await operator.refer()
    await operator.pass(1_000)
    expect(secrets.reads).toBe(1)
    secrets.put(PLACE, { 'auth.json': SECOND })
    const device = operator.fleet.add()
    await operator.pass(100)
    expect(device.received).toHaveLength(1)
    expect(fileOf(device)).toBe(normal(SECOND))
  })

  it('is not sent when the Secret went away before that', async () => {
    const { operator, secrets } = await anOperator()
    secrets.put(PLACE, { 'auth.json': FIRST })
    await operator.refer()
    await operator.pass(1_000)
    secrets.remove(PLACE)
    const device = operator.fleet.add()
    await operator.pass(1_000)
    expect(device.received).toEqual([])
    expect(await operator.explain()).toMatchObject({ state: 'Missing', reason: 'SecretMissing' })
  })

  it('stays where it was delivered when the Secret is gone, whatever the removal policy says', async () => {
    const { operator, secrets } = await anOperator()
    secrets.put(PLACE, { 'auth.json': FIRST }, MARKED)
    await operator.refer(undefined, { removalPolicy: 'RemoveManaged' })
    const device = operator.fleet.add()
    await operator.pass(1_000)
    secrets.remove(PLACE, MARKED)
    await operator.pass(TEN_MINUTES)
    expect(fileOf(device)).toBe(normal(FIRST))
    expect(await readyOf(operator)).toEqual(['False', 'SecretMissing'])
  })

  it('that the CLI refreshed on the device is neither overwritten nor stored, and what to do is said', async () => {
    const { operator, device } = await withDelivery()
    device.put('codex', normal(SECOND))
    operator.fleet.heartbeat(device)
    await operator.pass(1_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({
      state: 'RotatedOnDevice',
      message:
        'The CLI refreshed the file at 2026-11-02T00:00:00Z; it is newer than the document in the Secret login, which the operator never writes.',
      nextAction: 'none',
      unblock: expect.stringMatching(/^Put it into the Secret login yourself /),
    })
    expect((await operator.config())?.spec.auth?.encryptedValue).toBeUndefined()
  })

  it('takes over from one that was uploaded, and counts as newer although its Secret is older', async () => {
    const { operator, secrets, clock } = await anOperator()
    secrets.put(PLACE, { 'auth.json': SECOND })
    await operator.pass(60_000)
    const uploaded = await operator.upload(FIRST, { updatePolicy: 'IfStale' })
    const device = operator.fleet.add()
    await operator.pass(1_000)
    const auth = { ...uploaded.spec.auth, secretRef: { name: 'login', key: 'auth.json' } }
    const { encryptedValue: _value, sha256: _sha256, ...kept } = auth
    const before = await operator.config()
    if (before === undefined) throw new Error('nothing was stored')
    await operator.stores.store.update('UserRuntimeConfig', {
      ...before,
      spec: { ...before.spec, auth: { ...kept, format: 'json', targetPath: '~/.codex/auth.json' } },
    })
    await operator.pass(1_000)
    expect(fileOf(device)).toBe(normal(SECOND))
    const uploadedAt = clock.now() - 2_000
    expect(device.received).toMatchObject([{ documentNumber: uploadedAt }, { documentNumber: uploadedAt }])
  })
})

describe('a Secret that cannot be used', () => {
  it.each([
    ['is missing', 'SecretMissing', null, 'AUTH_MISSING'],
    ['lacks the key', 'SecretKeyMissing', { other: '{}' }, 'AUTH_MISSING'],
    ['holds no JSON', 'SecretMalformed', { 'auth.json': 'hunter2' }, 'DECRYPT_FAILED'],
  ])(
    'because it %s shows, is not sent, and is mended by changing it',
    async (...[, reason, entries, code]) => {
      const { operator, secrets } = await anOperator()
      if (entries !== null) secrets.put(PLACE, entries)
      await operator.refer()
      const device = operator.fleet.add()
      await operator.pass(1_000)
      expect(await readyOf(operator)).toEqual(['False', reason])
      const { gates, ...explained } = await operator.explain()
      expect(explained).toMatchObject({ state: 'Missing', reason, nextAction: 'none' })
      expect(explained.unblock).toMatch(/\.$/)
      expect(gates.find((gate) => !gate.passed)?.message).toBe(explained.message)
      await expect(
        operator.manager.authSync.requestSync({ namespace: 'user-1', runtime: 'codex' }),
      ).rejects.toMatchObject({ code })
      expect(device.received).toEqual([])
      secrets.put(PLACE, { 'auth.json': FIRST }, MARKED)
      await operator.pass(1_000)
      expect(fileOf(device)).toBe(normal(FIRST))
      expect(await readyOf(operator)).toEqual(['True', 'Stored'])
    },
  )

  it('costs one status write and one reading in ten minutes, however many devices wait for it', async () => {
    const { operator, secrets } = await anOperator()
    await operator.refer()
    for (let index = 0; index < 50; index += 1) operator.fleet.add({ deviceId: `device-${index}` })
    await operator.pass(20_000)
    const [version, reads] = [(await operator.config())?.metadata.resourceVersion, secrets.reads]
    expect(reads).toBeLessThanOrEqual(3)
    for (let minute = 0; minute < 30; minute += 1) await operator.pass(60_000)
    expect((await operator.config())?.metadata.resourceVersion).toBe(version)
    expect(secrets.reads - reads).toBe(3)
  })

  it('because the cluster cannot be reached is asked for again later, and is not called missing', async () => {
    const { operator, secrets } = await anOperator()
    secrets.put(PLACE, { 'auth.json': FIRST })
    secrets.failure = new AppError('STORE_UNAVAILABLE', 'the API server is away')
    await operator.refer()
    const device = operator.fleet.add()
    await operator.pass(60_000)
    expect([fileOf(device), await readyOf(operator)]).toEqual([undefined, ['False', 'SecretUnreadable']])
    expect(findCondition((await operator.config())?.status?.conditions, 'Ready')?.message).toBe(
      'The Secret login could not be read, which is tried again and again. The API server is away.',
    )
    expect(secrets.reads).toBeLessThan(40)
    secrets.failure = null
    await operator.pass(TEN_MINUTES)
    expect([fileOf(device), await readyOf(operator)]).toEqual([normal(FIRST), ['True', 'Stored']])
  })

  it('cannot be referred to without a cluster', async () => {
    const operator = await Operator.forTest()
    await operator.refer()
    operator.fleet.add()
    await operator.pass(1_000)
    expect(await readyOf(operator)).toEqual(['False', 'SecretRefUnsupported'])
    expect(await operator.explain()).toMatchObject({ reason: 'SecretRefUnsupported' })
  })
})
