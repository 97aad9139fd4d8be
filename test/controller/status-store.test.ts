import { describe, expect, it, onTestFinished } from 'vitest'

import { StatusStore } from '#controller/status-store.ts'
import { writeStatus } from '#controller/status.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { KindCache } from '#store/kind-cache.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

type Device = ObjectOf<'Device'>

const KEY = { namespace: 'user-1', name: 'device-1' }

/** A real store, and a memory that shows what a test lets it see. */
async function aScene() {
  const stores = await openSqliteStore({ path: ':memory:', clock: new FakeClock() })
  onTestFinished(() => stores.close())
  const { store } = stores
  await stores.users.create({ name: 'ada' })
  await store.create('Device', {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: KEY,
    spec: { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local' },
  })
  const memory = new KindCache<'Device'>()
  const others = new KindCache<never>()
  const of = (kind: string) => (kind === 'Device' ? memory : others) as KindCache<never>
  let gets = 0
  const counting = new Proxy(store, {
    get: (target, name) => {
      if (name === 'get') gets += 1
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  const statuses = new StatusStore({
    store: counting,
    cache: {
      get: (kind, key) => of(kind).get(key),
      list: (kind, namespace) => of(kind).list(namespace),
      onChange: (kind, listener) => of(kind).onChange(listener),
    },
  })
  statuses.follow()
  const catchUp = async () => memory.apply({ type: 'MODIFIED', object: await store.get('Device', KEY) })
  await catchUp()
  const write = async (executorVersion: string) => {
    const seen: Device['status'][] = []
    await writeStatus(statuses.toStore(), {
      kind: 'Device',
      key: KEY,
      render: (object) => {
        seen.push(object.status)
        return { executorVersion }
      },
    })
    return seen
  }
  const stored = async () => (await store.get('Device', KEY)).status
  return { write, catchUp, stored, store, gets: () => gets }
}

describe('writing statuses by memory', () => {
  it('costs no request for a look, and one for a write', async () => {
    const { write, catchUp, gets } = await aScene()
    await write('1')
    await catchUp()
    await write('1')
    expect(gets()).toBe(0)
  })

  it('compares with what it wrote itself while memory is behind', async () => {
    const { write, catchUp, stored, gets } = await aScene()
    await write('1')
    await catchUp()
    await write('2')
    // Memory still says 1: who believes it writes nothing, and 2 stays for ever.
    expect([await write('1'), await stored()]).toEqual([[{ executorVersion: '2' }], { executorVersion: '1' }])
    await catchUp()
    const before = gets()
    await write('1')
    expect(gets()).toBe(before)
  })

  it('looks at what is stored when somebody else wrote meanwhile', async () => {
    const { write, stored, store } = await aScene()
    const object = await store.get('Device', KEY)
    await store.updateStatus('Device', { ...object, status: { executorVersion: '9' } })
    expect([await write('1'), await stored()]).toEqual([
      [undefined, { executorVersion: '9' }],
      { executorVersion: '1' },
    ])
  })

  it('does nothing about what is gone', async () => {
    const { write, store } = await aScene()
    await store.delete('Device', KEY)
    expect(await write('1')).toEqual([undefined])
  })
})
