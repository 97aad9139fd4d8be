import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { FreshReads, tellingStore, tellingUsers } from '#api/fresh-reads.ts'
import type { ApiCaches } from '#api/ports.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { openSqliteStore, type SqliteStores } from '#store/sqlite/open.ts'
import type { Store } from '#store/store.ts'
import type { User, Users } from '#store/users.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aRuntime, aUserProxyConfig, aUserRuntimeConfig } from '#test/support/resources.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

const KEY = { namespace: 'user-1', name: 'codex' }

let stores: SqliteStores
let memory: TestMemory
let reads: FreshReads
let store: Store
let users: Users
let asked: string[]

beforeEach(async () => {
  stores = await openSqliteStore({ path: ':memory:', clock: new FakeClock() })
  memory = new TestMemory()
  asked = []
  reads = new FreshReads({ store: counted(stores.store, asked), users: stores.users, caches: memory.caches })
  store = tellingStore(stores.store, reads)
  users = tellingUsers(stores.users, reads)
  await users.create({ name: 'ada' })
})

afterEach(() => stores.close())

function aConfig(suspend = false): ObjectOf<'UserRuntimeConfig'> {
  const { auth: _, ...spec } = aUserRuntimeConfig().spec
  return { ...aUserRuntimeConfig({ ...spec }), metadata: KEY, spec: { ...spec, suspend } }
}

describe('an object', () => {
  it('is read from memory while this process did not write it', async () => {
    const known = aConfig()
    memory.put(known)
    expect(await reads.config(KEY)).toBe(known)
    expect(await reads.proxy({ namespace: 'user-1', name: 'default' })).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('is read from the store after a write, until memory shows that write', async () => {
    const created = await store.create('UserRuntimeConfig', aConfig())
    expect(await reads.config(KEY)).toEqual(created)
    memory.put(created)
    await reads.config(KEY)
    asked.length = 0
    expect(await reads.config(KEY)).toBe(created)
    expect(asked).toEqual([])
  })

  it('is not taken from a memory that is behind, however often it is asked', async () => {
    const created = await store.create('UserRuntimeConfig', aConfig())
    memory.put(created)
    await reads.config(KEY)
    const updated = await store.update('UserRuntimeConfig', { ...created, spec: aConfig(true).spec })
    expect([await reads.config(KEY), await reads.config(KEY)]).toEqual([updated, updated])
  })

  it('is gone after its deletion, though memory still has it', async () => {
    const created = await store.create('UserRuntimeConfig', aConfig())
    memory.put(created)
    await reads.config(KEY)
    await store.delete('UserRuntimeConfig', KEY)
    expect(await reads.config(KEY)).toBeUndefined()
    memory.remove(created)
    expect([await reads.config(KEY), await reads.config(KEY)]).toEqual([undefined, undefined])
  })

  it('stays marked when it is written again while it is read', async () => {
    const created = await store.create('UserRuntimeConfig', aConfig())
    memory.put(created)
    const read = reads.config(KEY)
    const updated = await store.update('UserRuntimeConfig', { ...created, spec: aConfig(true).spec })
    await read
    expect(await reads.config(KEY)).toEqual(updated)
  })
})

describe('the runtimes', () => {
  it('include one that was just made, and are ordered by name', async () => {
    const first = await store.create('Runtime', aRuntime({ name: 'b' }))
    memory.put(first)
    await reads.runtimes()
    const second = await store.create('Runtime', aRuntime({ name: 'a' }))
    expect((await reads.runtimes()).map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    memory.put(second)
    await reads.runtimes()
    asked.length = 0
    expect((await reads.runtimes()).map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
    expect(asked).toEqual([])
  })
})

describe('the devices of a user', () => {
  const names = async (namespace = 'user-1') =>
    (await reads.devices(namespace)).map(({ metadata }) => metadata.name).toSorted()

  it('come from memory while this process wrote none', async () => {
    memory.put(aStoredDevice({ namespace: 'user-1', name: 'a' }))
    memory.put(aStoredDevice({ namespace: 'user-2', name: 'b' }))
    expect([await names(), await names('user-2')]).toEqual([['a'], ['b']])
    expect((await reads.device({ namespace: 'user-1', name: 'a' }))?.metadata.name).toBe('a')
    expect(asked).toEqual([])
  })

  it('include no longer one that was just deleted, and another user is not asked about', async () => {
    const created = await store.create('Device', aStoredDevice({ namespace: 'user-1', name: 'a' }))
    memory.put(created)
    await names()
    await store.delete('Device', { namespace: 'user-1', name: 'a' })
    expect(await names()).toEqual([])
    asked.length = 0
    expect(await names('user-2')).toEqual([])
    expect(asked).toEqual([])
    memory.remove(created)
    await names()
    asked.length = 0
    expect(await names()).toEqual([])
    expect(asked).toEqual([])
  })

  it('show at once that one was suspended', async () => {
    const created = await store.create('Device', aStoredDevice({ namespace: 'user-1', name: 'a' }))
    memory.put(created)
    await reads.device(created.metadata)
    await store.update('Device', { ...created, spec: { ...created.spec, suspend: true } })
    expect((await reads.device(created.metadata))?.spec.suspend).toBe(true)
    expect((await reads.devices('user-1'))[0]?.spec.suspend).toBe(true)
  })
})

describe('a user', () => {
  it('shows new preferences before memory does', async () => {
    const before = await users.get('1')
    memory.users.set('1', before as User)
    const preferences = { a: 1 }
    await users.updatePreferences('1', { expectedVersion: before?.resourceVersion ?? '', preferences })
    expect((await reads.user('1'))?.preferences).toEqual(preferences)
    memory.users.set('1', (await users.get('1')) as User)
    expect((await reads.user('1'))?.preferences).toEqual(preferences)
  })

  it('is asked of the store when memory does not know them', async () => {
    expect((await reads.user('1'))?.name).toBe('ada')
    expect(await reads.user('99')).toBeUndefined()
  })

  it('shows deactivation at once', async () => {
    memory.users.set('1', (await users.get('1')) as User)
    await users.setActive('1', false)
    expect((await reads.user('1'))?.isActive).toBe(false)
  })
})

it('hands everything else through', async () => {
  const created = await store.create('UserProxyConfig', {
    ...aUserProxyConfig({ isCleared: true }),
    metadata: { namespace: 'user-1', name: 'default' },
  })
  await store.updateStatus('UserProxyConfig', { ...created, status: { maskedUrl: 'http://h:80' } })
  const { items } = await store.list('UserProxyConfig')
  expect(items[0]?.status).toEqual({ maskedUrl: 'http://h:80' })
  expect(await users.list()).toHaveLength(1)
  expect((await users.findByName('ada'))?.id).toBe('1')
  expect((await users.findByNamespace('user-1'))?.id).toBe('1')
  await store.ping()
})

/** A memory that shows a change only when the test lets it. */
class TestMemory {
  readonly users = new Map<string, User>()
  readonly #objects = new Map<string, ObjectOf<KindName>>()
  readonly caches: ApiCaches = {
    runtimes: {
      get: ({ name }) => this.#objects.get(`Runtime//${name}`) as ObjectOf<'Runtime'> | undefined,
      list: () => [...this.#objects.values()].filter((object) => object.kind === 'Runtime'),
    },
    configs: {
      get: ({ namespace, name }) =>
        this.#objects.get(`UserRuntimeConfig/${namespace}/${name}`) as ObjectOf<'UserRuntimeConfig'>,
      list: () => [],
    },
    proxies: { get: () => undefined, list: () => [] },
    devices: {
      get: ({ namespace, name }) => this.#objects.get(`Device/${namespace}/${name}`) as ObjectOf<'Device'>,
      list: (namespace) =>
        [...this.#objects.values()].filter(
          (object): object is ObjectOf<'Device'> =>
            object.kind === 'Device' && object.metadata.namespace === namespace,
        ),
    },
    managedConfigs: {
      get: () => undefined,
      list: () => [...this.#objects.values()].filter((object) => object.kind === 'ManagedRuntimeConfig'),
    },
    users: {
      get: (id) => this.users.get(id),
      findByName: () => undefined,
      findByNamespace: () => undefined,
    },
  }

  put(object: ObjectOf<KindName>): void {
    this.#objects.set(nameOf(object), object)
  }

  remove(object: ObjectOf<KindName>): void {
    this.#objects.delete(nameOf(object))
  }
}

function nameOf({ kind, metadata }: ObjectOf<KindName>): string {
  return `${kind}/${metadata.namespace ?? ''}/${metadata.name}`
}

function counted(store: Store, asked: string[]): Store {
  return {
    ...tellingStore(store, { wrote: () => {} }),
    get: (kind, key) => {
      asked.push(`get ${kind}`)
      return store.get(kind, key)
    },
    list: (kind, options) => {
      asked.push(`list ${kind}`)
      return store.list(kind, options)
    },
  }
}
