import { describe, expect, it } from 'vitest'

import type { KubeRequest } from '#store/kubernetes/client.ts'
import { describeRequest } from '#store/kubernetes/request-fact.ts'

const OURS = '/apis/agent.wecode.io/v1'

describe('describeRequest', () => {
  it.each<[string, KubeRequest]>([
    ['list devices', { method: 'GET', path: `${OURS}/devices` }],
    ['watch devices', { method: 'GET', path: `${OURS}/devices`, query: { watch: true } }],
    ['list devices', { method: 'GET', path: `${OURS}/namespaces/user-1/devices` }],
    ['get devices', { method: 'GET', path: `${OURS}/namespaces/user-1/devices/mac-1` }],
    ['patch devices/status', { method: 'PATCH', path: `${OURS}/namespaces/user-1/devices/mac-1/status` }],
    ['create users', { method: 'POST', path: `${OURS}/users` }],
    ['update users', { method: 'PUT', path: `${OURS}/users/ada` }],
    ['delete secrets', { method: 'DELETE', path: '/api/v1/namespaces/op/secrets/x' }],
    ['list namespaces', { method: 'GET', path: '/api/v1/namespaces' }],
    ['get namespaces', { method: 'GET', path: '/api/v1/namespaces/user-1' }],
    [
      'create serviceaccounts/token',
      { method: 'POST', path: '/api/v1/namespaces/op/serviceaccounts/x/token' },
    ],
    ['create tokenreviews', { method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews' }],
    ['get leases', { method: 'GET', path: '/apis/coordination.k8s.io/v1/namespaces/op/leases/leader' }],
  ])('calls it %s', (expected, request) => {
    const { verb, resource } = describeRequest(request)
    expect(`${verb} ${resource}`).toBe(expected)
  })
})
