import { expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { findCondition } from '#crds/conditions.ts'
import { layerPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
import { Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'
const CANARY = 'sk-canary-51c2'

async function storeLayer(operator: Operator, text: string, runtime = 'codex'): Promise<void> {
  const { store } = operator.stores
  const object = await store.get('UserRuntimeConfig', { namespace: 'user-1', name: 'codex' })
  const encryptedValue = await operator.sealer.seal(
    new Secret(text),
    layerPlace({ id: '1', namespace: 'user-1' }, runtime),
  )
  const version = `sha256:${'a'.repeat(64)}`
  const config = { format: 'toml' as const, encryptedValue, version, updatedAt: '2026-11-21T10:00:00.000Z' }
  await store.update('UserRuntimeConfig', { ...object, spec: { ...object.spec, config } })
  await operator.pass(1_000)
}

async function readyOf(operator: Operator) {
  const condition = findCondition((await operator.config())?.status?.conditions, 'Ready')
  return [condition?.status, condition?.reason, condition?.message] as const
}

async function start(sealer?: Sealer): Promise<Operator> {
  const operator = await Operator.forTest(sealer === undefined ? {} : { sealer })
  await operator.upload(DOCUMENT)
  await operator.pass(1_000)
  return operator
}

it('has nothing to say of settings that open and parse', async () => {
  const operator = await start()
  await storeLayer(operator, 'model = "x"')
  expect((await readyOf(operator)).slice(0, 2)).toEqual(['True', 'Stored'])
})

it('says that the stored settings do not open, and delivers the login all the same', async () => {
  const operator = await start()
  await storeLayer(operator, 'model = "x"', 'claude')
  expect(await readyOf(operator)).toEqual([
    'False',
    'DecryptFailed',
    'The stored settings (spec.config) do not open; store them again.',
  ])
  const device = operator.fleet.add()
  await operator.until(() => device.files.has('codex'))
})

it('says where the stored settings do not parse, without a word of them', async () => {
  const operator = await start()
  await storeLayer(operator, `a = 1\nb = ${CANARY}\n`)
  const [status, reason, message] = await readyOf(operator)
  expect([status, reason]).toEqual(['False', 'ConfigInvalid'])
  expect(message).toMatch(/cannot be used: 2:\d+: /)
  expect(message).not.toContain(CANARY)
})

it('opens each version of the settings once, however often devices are summed up', async () => {
  let opened = 0
  const operator = await start({
    seal: async (text, place) => JSON.stringify([place.field, text.open()]),
    open: async (sealed, place) => {
      const [field, text] = JSON.parse(sealed) as [string, string]
      if (field !== place.field) throw new AppError('DECRYPT_FAILED', 'sealed for another field')
      if (field === 'spec.config.encryptedValue') opened += 1
      return new Secret(text)
    },
  })
  await storeLayer(operator, 'a = 1')
  const device = operator.fleet.add()
  for (let round = 0; round < 5; round += 1) {
    operator.fleet.disconnect(device)
    await operator.pass(5_000)
    operator.fleet.connect(device)
    await operator.pass(5_000)
  }
  expect(opened).toBe(1)
  await storeLayer(operator, 'a = 2')
  expect(opened).toBe(2)
})
