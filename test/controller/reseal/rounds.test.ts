import { describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { type Keyring, parseKeyring } from '#secrets/keyring.ts'
import { authPlace, layerPlace, proxyPlace } from '#secrets/places.ts'
import { createSealer, kidOf } from '#secrets/seal.ts'
import { aKeyringFile, aKeyText } from '#test/support/keys.ts'
import { normal, Operator } from '#test/support/operator.ts'

const DOCUMENT = '{"token":"secret"}'

/** A keyring of two keys; which of them is current changes, as it does when a mounted file is followed. */
function aRotatingKeyring() {
  const keys = ['old', 'new'].map((kid) => ({ kid, key: aKeyText() }))
  const text = JSON.stringify(aKeyringFile({ keys, current: 'old' }))
  const parsed = parseKeyring(text, 'test keyring')
  const keyring: Keyring & { current: Keyring['current'] } = { ...parsed }
  const use = (kid: string) => {
    const key = parsed.keys.get(kid)
    if (key !== undefined) keyring.current = key
  }
  return { keyring, use }
}

/** An operator whose user `ada` has a login, settings and a proxy, all sealed with the old key, and a device that has the login. */
async function anInstallation({ users = 0 } = {}) {
  const { keyring, use } = aRotatingKeyring()
  const sealer = createSealer(keyring)
  const operator = await Operator.forTest({ sealer })
  const ada = await operator.user()
  const stored = await operator.upload(DOCUMENT)
  const layer = await sealer.seal(new Secret('model = "x"'), layerPlace(ada, 'codex'))
  const version = `sha256:${'a'.repeat(64)}`
  const updatedAt = '2026-11-21T09:00:00.000Z'
  await operator.stores.store.update('UserRuntimeConfig', {
    ...stored,
    spec: { ...stored.spec, config: { format: 'toml', encryptedValue: layer, version, updatedAt } },
  })
  const encryptedUrl = await sealer.seal(new Secret('http://proxy:3128'), proxyPlace(ada))
  await operator.stores.store.create('UserProxyConfig', {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'UserProxyConfig',
    metadata: { namespace: ada.namespace, name: 'default' },
    spec: { proxy: { encryptedUrl, sha256: 'b'.repeat(64), updatedAt }, updatedAt },
  })
  for (let index = 0; index < users; index += 1) {
    await operator.addUser(`user-${index}`)
    await operator.upload(`{"token":"secret-${index}"}`, { user: `user-${index}` })
  }
  const device = operator.fleet.add()
  await operator.until(() => device.files.has('codex'))
  return { operator, sealer, use, device, ada }
}

async function kidsIn({ stores }: Operator): Promise<readonly (string | null)[]> {
  const configs = (await stores.store.list('UserRuntimeConfig')).items
  const proxies = (await stores.store.list('UserProxyConfig')).items
  const texts = [
    ...configs.flatMap(({ spec }) => [spec.auth?.encryptedValue, spec.config?.encryptedValue]),
    ...proxies.map(({ spec }) => spec.proxy?.encryptedUrl),
  ]
  return texts.filter((text) => text !== undefined).map((text) => kidOf(text))
}

/** Lets time pass, in steps between which the threads of the cryptography may end, until so many values are under the new key. */
async function passUntilNew(operator: Operator, count: number): Promise<void> {
  for (let step = 0; step < 2_000; step += 1) {
    const kids = await kidsIn(operator)
    if (kids.filter((kid) => kid === 'new').length >= count) return
    await operator.pass(50)
  }
  throw new Error(`expected ${count} values under the new key`)
}

describe('after a rotation', () => {
  it('every sealed value is sealed with the new key within a minute, and a device notices nothing', async () => {
    const { operator, sealer, use, device, ada } = await anInstallation()
    await operator.pass(120_000)
    expect(await kidsIn(operator)).toEqual(['old', 'old', 'old'])
    const before = await operator.config()
    use('new')
    await passUntilNew(operator, 3)
    const after = await operator.config()
    const { encryptedValue = '', ...auth } = after?.spec.auth ?? {}
    expect((await sealer.open(encryptedValue, authPlace(ada, 'codex'))).open()).toBe(normal(DOCUMENT))
    expect([auth, after?.spec.updatedAt]).toEqual(
      [{ ...before?.spec.auth, encryptedValue: undefined }, before?.spec.updatedAt].map((part) =>
        JSON.parse(JSON.stringify(part)),
      ),
    )
    await operator.pass(60_000)
    expect(device.received).toHaveLength(1)
    expect(await operator.explain()).toMatchObject({ state: 'InSync', reason: 'UpToDate' })
  })

  it('a kill between two values loses nothing, and the next process goes on', async () => {
    const { operator, sealer, use } = await anInstallation({ users: 12 })
    use('new')
    await operator.crash()
    await passUntilNew(operator, 3)
    await operator.crash()
    const kids = await kidsIn(operator)
    expect(kids.filter((kid) => kid === 'old').length).toBeGreaterThan(0)
    await passUntilNew(operator, kids.length)
    for (let index = 0; index < 12; index += 1) {
      const user = await operator.user(`user-${index}`)
      const config = await operator.config({ user: user.name })
      const opened = await sealer.open(config?.spec.auth?.encryptedValue ?? '', authPlace(user, 'codex'))
      expect(opened.open()).toBe(normal(`{"token":"secret-${index}"}`))
    }
  })

  it('a value that does not open stays as it is, stays counted, and is tried once', async () => {
    const { operator, sealer, use, ada } = await anInstallation()
    const foreign = await sealer.seal(new Secret('{}'), authPlace({ ...ada, id: '4711' }, 'codex'))
    const config = await operator.config()
    if (config?.spec.auth === undefined) throw new Error('nothing was stored')
    const auth = { ...config.spec.auth, encryptedValue: foreign }
    await operator.stores.store.update('UserRuntimeConfig', { ...config, spec: { ...config.spec, auth } })
    use('new')
    await passUntilNew(operator, 2)
    expect((await operator.config())?.spec.auth?.encryptedValue).toBe(foreign)
    await operator.pass(1_000)
    const version = (await operator.config())?.metadata.resourceVersion
    await operator.pass(10 * 60_000)
    expect((await operator.config())?.metadata.resourceVersion).toBe(version)
    expect(await operator.registry.getSingleMetricAsString('runtimeconfig_sealed_values')).toBe(
      [
        '# HELP runtimeconfig_sealed_values Stored values by the key they are sealed with; a key with none is unused.',
        '# TYPE runtimeconfig_sealed_values gauge',
        'runtimeconfig_sealed_values{kid="old",kind="UserRuntimeConfig"} 1',
        'runtimeconfig_sealed_values{kid="new",kind="UserRuntimeConfig"} 1',
        'runtimeconfig_sealed_values{kid="old",kind="UserProxyConfig"} 0',
        'runtimeconfig_sealed_values{kid="new",kind="UserProxyConfig"} 1',
      ].join('\n'),
    )
  })

  it('an old value that somebody applies again and again is not fought over', async () => {
    const { operator, use } = await anInstallation()
    const before = await operator.config()
    use('new')
    await passUntilNew(operator, 3)
    const config = await operator.config()
    if (config === undefined || before === undefined) throw new Error('nothing was stored')
    await operator.stores.store.update('UserRuntimeConfig', { ...config, spec: before.spec })
    await operator.pass(10 * 60_000)
    expect(await kidsIn(operator)).toEqual(['old', 'old', 'new'])
  })

  it('a delivery that was decided on before arrives', async () => {
    const { operator, use } = await anInstallation()
    use('new')
    await passUntilNew(operator, 1)
    const later = operator.fleet.add({ deviceId: 'device-2' })
    await passUntilNew(operator, 3)
    await operator.pass(1_000)
    expect([later.files.get('codex'), later.received.length]).toEqual([normal(DOCUMENT), 1])
  })
})
