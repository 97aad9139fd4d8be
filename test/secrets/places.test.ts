import { describe, expect, it } from 'vitest'

import { authPlace, layerPlace, proxyPlace } from '#secrets/places.ts'

const ADA = { id: '7', namespace: 'user-7' }

// Written out, not worked out: whatever was sealed in an earlier version has to open in every later one.
describe('the place of a sealed value', () => {
  it('of a login is the field of its runtime', () => {
    expect(authPlace(ADA, 'codex')).toEqual({
      user: '7',
      kind: 'UserRuntimeConfig',
      namespace: 'user-7',
      name: 'codex',
      field: 'spec.auth.encryptedValue',
    })
  })

  it('of a configuration layer is another field of the same resource', () => {
    expect(layerPlace(ADA, 'codex')).toEqual({
      user: '7',
      kind: 'UserRuntimeConfig',
      namespace: 'user-7',
      name: 'codex',
      field: 'spec.config.encryptedValue',
    })
  })

  it('of a proxy is the one that each user has', () => {
    expect(proxyPlace(ADA)).toEqual({
      user: '7',
      kind: 'UserProxyConfig',
      namespace: 'user-7',
      name: 'default',
      field: 'spec.proxy.encryptedUrl',
    })
  })

  it('says nothing of the user but id and namespace', () => {
    const person = { ...ADA, name: 'ada', email: 'ada@example.org' }
    expect([authPlace(person, 'codex'), proxyPlace(person)]).toEqual([
      authPlace(ADA, 'codex'),
      proxyPlace(ADA),
    ])
  })
})
