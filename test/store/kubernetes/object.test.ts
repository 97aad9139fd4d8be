import { describe, expect, it } from 'vitest'

import { fromAnswer } from '#store/kubernetes/object.ts'
import { collectionPath, objectPath } from '#store/kubernetes/paths.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

describe('fromAnswer', () => {
  it('keeps what the port promises, and nothing of who manages which field', () => {
    const metadata = {
      name: 'mac-1',
      namespace: 'user-1',
      uid: 'some-uid',
      resourceVersion: '7',
      generation: 2,
      creationTimestamp: '2026-11-21T10:00:00Z',
      deletionTimestamp: '2026-11-21T11:00:00Z',
      labels: { a: 'b' },
      annotations: { c: 'd' },
      finalizers: ['example.com/hold'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: 'other' }],
    }
    const noise = { managedFields: [{ manager: 'kubectl' }], deletionGracePeriodSeconds: 0, selfLink: '/x' }
    const device = aStoredDevice()
    expect(fromAnswer('Device', { ...device, metadata: { ...metadata, ...noise } })).toEqual({
      ...device,
      metadata,
    })
  })

  it.each([null, 7, 'text', [], {}, { metadata: 'x' }])('is not made of %o', (answer) => {
    expect(() => fromAnswer('Device', answer)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  })
})

describe('objectPath', () => {
  it.each([
    ['Device', { namespace: 'user-1', name: 'mac.1' }, '/namespaces/user-1/devices/mac.1'],
    ['Runtime', { name: 'codex' }, '/runtimes/codex'],
    ['Runtime', { namespace: 'user-1', name: 'codex' }, '/runtimes/codex'],
  ] as const)('of %s %o', (kind, key, path) => {
    expect(objectPath(kind, key)).toBe(`/apis/agent.wecode.io/v1${path}`)
  })

  it.each([
    ['an empty name, which would be all of them', { namespace: 'user-1', name: '' }, 'NOT_FOUND'],
    ['a name that leads elsewhere', { namespace: 'user-1', name: '../../secrets/x' }, 'NOT_FOUND'],
    ['a name of another form', { namespace: 'user-1', name: 'Mac 1' }, 'NOT_FOUND'],
    ['a namespace that leads elsewhere', { namespace: '..', name: 'mac-1' }, 'NOT_FOUND'],
    ['an empty namespace', { namespace: '', name: 'mac-1' }, 'NOT_FOUND'],
    ['no namespace', { name: 'mac-1' }, 'REQUEST_MALFORMED'],
  ])('asks nothing of the server for %s', (_what, key, code) => {
    expect(() => objectPath('Device', key)).toThrow(expect.objectContaining({ code }))
  })
})

describe('collectionPath', () => {
  it.each([
    ['Device', undefined, '/devices'],
    ['Device', 'user-1', '/namespaces/user-1/devices'],
    ['Runtime', 'user-1', '/runtimes'],
  ] as const)('of %s in %s', (kind, namespace, path) => {
    expect(collectionPath(kind, namespace)).toBe(`/apis/agent.wecode.io/v1${path}`)
  })
})
