import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { ObjectEvent } from '#store/events.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
let device: ObjectOf<'Device'>
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
  device = await stores.store.create('Device', {
    apiVersion: API_VERSION,
    kind: 'Device',
    metadata: { name: 'laptop', namespace: stores.namespace },
    spec: { deviceId: 'laptop', displayName: 'laptop', deviceType: 'local' },
  })
})
afterEach(() => stores.close())

function anEvent(overrides: Partial<ObjectEvent> = {}): ObjectEvent {
  return {
    object: device,
    type: 'Normal',
    reason: 'Synced',
    message: 'The login of codex was written.',
    action: 'Sync',
    ...overrides,
  }
}

async function rows(namespace = stores.namespace): Promise<readonly (readonly string[])[]> {
  const columns = 'TYPE:.type,REASON:.reason,OBJECT:.regarding.name,COUNT:.series.count,NOTE:.note'
  const args = ['get', 'events.events.k8s.io', `--namespace=${namespace}`, '--no-headers', '--output']
  const { stdout } = await kubectl([...args, `custom-columns=${columns}`])
  const lines = stdout.split('\n').filter(Boolean)
  return lines.map((line) => line.trim().split(/ {2,}/)).toSorted((a, b) => (a.join() < b.join() ? -1 : 1))
}

describe('an event', () => {
  it('is seen beside the object it happened to', async () => {
    stores.events.record(anEvent())
    await expect.poll(() => rows(), { timeout: 30_000 }).toHaveLength(1)
    const { stdout } = await kubectl(['get', 'events', `--namespace=${stores.namespace}`])
    expect(stdout).toMatch(/Normal +Synced +device\/laptop +The login of codex was written\./)
    const described = await kubectl(['describe', 'device', 'laptop', `--namespace=${stores.namespace}`])
    expect(described.stdout).toMatch(
      /Normal +Synced .*runtime-config-operator +The login of codex was written/,
    )
  })

  it('is counted when it happens again, and another one when it is another', async () => {
    for (let times = 0; times < 100; times += 1) stores.events.record(anEvent())
    stores.events.record(anEvent({ type: 'Warning', reason: 'SyncFailed', message: 'The disk is full.' }))
    await stores.close()
    expect(await rows()).toEqual([
      ['Normal', 'Synced', 'laptop', '100', 'The login of codex was written.'],
      ['Warning', 'SyncFailed', 'laptop', '<none>', 'The disk is full.'],
    ])
  })

  it('of an object without a namespace is in the default one', async () => {
    const runtime = await stores.store.create('Runtime', {
      apiVersion: API_VERSION,
      kind: 'Runtime',
      metadata: { name: `rt-${stores.namespace}` },
      spec: { displayName: 'x', auth: { targetPath: '~/x', format: 'json', validation: { maxBytes: 1024 } } },
    })
    stores.events.record(anEvent({ object: runtime, message: 'It is new.' }))
    await stores.close()
    const named = (await rows('default')).filter(([, , name]) => name === runtime.metadata.name)
    expect(named).toEqual([['Normal', 'Synced', runtime.metadata.name, '<none>', 'It is new.']])
  })

  it('is cut when it says too much, between two characters', async () => {
    stores.events.record(anEvent({ message: 'ü🦊'.repeat(1000) }))
    await stores.close()
    const [row] = await rows()
    expect(row?.[4]).toMatch(/^(ü🦊)+ü?…$/u)
    expect(Buffer.byteLength(row?.[4] ?? '')).toBeLessThanOrEqual(1024)
  })
})
