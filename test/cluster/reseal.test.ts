import { afterAll, beforeAll, expect, inject, it } from 'vitest'

import { systemClock } from '#cli/system-clock.ts'
import { watchSealedValues } from '#controller/reseal/rounds.ts'
import { isAppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { type Keyring, parseKeyring } from '#secrets/keyring.ts'
import { authPlace } from '#secrets/places.ts'
import { createSealer, kidOf } from '#secrets/seal.ts'
import { createCache } from '#store/cache.ts'
import { createUserCache } from '#store/user-cache.ts'
import type { User } from '#store/users.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyringFile, aKeyText } from '#test/support/keys.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions } from './kubectl.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

const RUNTIMES = Array.from({ length: 30 }, (_unused, at) => `reseal-${at}`)
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

const parsed = parseKeyring(
  JSON.stringify(
    aKeyringFile({ keys: ['old', 'new'].map((kid) => ({ kid, key: aKeyText() })), current: 'old' }),
  ),
  'test keyring',
)
const keyring: Keyring & { current: Keyring['current'] } = { ...parsed }
const sealer = createSealer(keyring)
const abort = new AbortController()

let stores: Awaited<ReturnType<typeof openClusterStores>>
let ada: User

beforeAll(async () => {
  await applyDefinitions()
  stores = await openClusterStores(inject('kubeconfig'))
  ada = await stores.users.create({ name: `reseal-${aKeyText().slice(0, 8)}` })
  for (const runtime of RUNTIMES) {
    const encryptedValue = await sealer.seal(new Secret(`first ${runtime}`), authPlace(ada, runtime))
    const auth = { format: 'json', targetPath: '~/x', encryptedValue, sha256: 'a'.repeat(64) } as const
    await stores.store.create('UserRuntimeConfig', {
      apiVersion: API_VERSION,
      kind: 'UserRuntimeConfig',
      metadata: { namespace: ada.namespace, name: runtime },
      spec: { runtime, auth },
    })
  }
})

afterAll(async () => {
  abort.abort()
  await stores.close()
})

async function configs(): Promise<readonly Config[]> {
  return (await stores.store.list('UserRuntimeConfig', { namespace: ada.namespace })).items
}

/** A person stores another login; whoever wrote meanwhile is not written over. */
async function upload(runtime: string): Promise<void> {
  for (;;) {
    const config = await stores.store.get('UserRuntimeConfig', { namespace: ada.namespace, name: runtime })
    const encryptedValue = await sealer.seal(new Secret(`second ${runtime}`), authPlace(ada, runtime))
    const auth = { format: 'json', targetPath: '~/x', encryptedValue, sha256: 'b'.repeat(64) } as const
    try {
      await stores.store.update('UserRuntimeConfig', { ...config, spec: { ...config.spec, auth } })
      return
    } catch (error) {
      if (!isAppError(error, 'CONFLICT')) throw error
    }
  }
}

it('seals everything anew in a real API server, through a kill and beside people who store other logins', async () => {
  const { store, users } = stores
  const cache = createCache({ store, kinds: ['UserRuntimeConfig', 'UserProxyConfig'], clock: systemClock })
  const people = createUserCache({ users, clock: systemClock })
  await Promise.all([cache.start(abort.signal), people.start(abort.signal)])
  const clock = new FakeClock()
  const begin = () => watchSealedValues({ store, cache, users: people, sealer, clock, logger: SILENT })
  const passUntil = async (count: number) => {
    const isSo = () => countNew() >= count
    while (!isSo()) {
      await clock.advance(100)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const countNew = () =>
    cache
      .list('UserRuntimeConfig', ada.namespace)
      .filter(({ spec }) => kidOf(spec.auth?.encryptedValue ?? '') === 'new').length
  const current = parsed.keys.get('new')
  if (current !== undefined) keyring.current = current

  const kill = begin()
  await clock.advance(5_000)
  await passUntil(5)
  kill()
  const uploaded = RUNTIMES.filter((_runtime, at) => at % 3 === 0)
  const end = begin()
  await Promise.all([...uploaded.map(upload), clock.advance(5_000)])
  await passUntil(RUNTIMES.length)
  end()

  const after = await configs()
  const opened = await Promise.all(
    after.map(async ({ metadata: { name }, spec: { auth } }) => {
      const text = await sealer.open(auth?.encryptedValue ?? '', authPlace(ada, name))
      return [name, kidOf(auth?.encryptedValue ?? ''), auth?.sha256?.charAt(0), text.open()]
    }),
  )
  const expected = RUNTIMES.map((name) =>
    uploaded.includes(name) ? [name, 'new', 'b', `second ${name}`] : [name, 'new', 'a', `first ${name}`],
  )
  expect(opened.toSorted(byName)).toEqual(expected.toSorted(byName))
})

function byName([one = '']: readonly unknown[], [other = '']: readonly unknown[]): number {
  return String(one).localeCompare(String(other))
}
