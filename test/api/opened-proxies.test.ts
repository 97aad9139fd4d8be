import { inspect } from 'node:util'

import { beforeEach, describe, expect, it } from 'vitest'

import { OpenedProxies } from '#api/opened-proxies.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { proxyPlace } from '#secrets/places.ts'
import { createSealer, type Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'
import { aKeyring } from '#test/support/keys.ts'
import { aUserProxyConfig } from '#test/support/resources.ts'

let sealer: Sealer
let opened: number
let failures: number
let proxies: OpenedProxies

beforeEach(() => {
  const real = createSealer(aKeyring())
  opened = 0
  failures = 0
  sealer = {
    seal: (plaintext, place) => real.seal(plaintext, place),
    open: (sealed, place) => {
      opened += 1
      return real.open(sealed, place)
    },
  }
  proxies = new OpenedProxies({ sealer, onUnopened: () => void (failures += 1), maxKept: 2 })
})

function aUser(id: string): User {
  const namespace = `user-${id}`
  return {
    id,
    name: `name-${id}`,
    email: null,
    role: 'user',
    namespace,
    isActive: true,
    preferences: {},
    resourceVersion: '1',
  }
}

async function aProxy(user: User, url: string): Promise<ObjectOf<'UserProxyConfig'>> {
  const encryptedUrl = await sealer.seal(new Secret(url), proxyPlace(user))
  const proxy = { encryptedUrl, sha256: 'a'.repeat(64), updatedAt: '2026-11-21T10:00:00.000Z' }
  return { ...aUserProxyConfig(), spec: { proxy } }
}

describe('opening', () => {
  it('opens each stored version once, and a new one anew', async () => {
    const user = aUser('7')
    const [first, second] = [await aProxy(user, 'http://h:1'), await aProxy(user, 'http://h:2')]
    const urls = [
      await proxies.open(user, first),
      await proxies.open(user, first),
      await proxies.open(user, second),
    ]
    expect(urls.map((url) => url?.text.open())).toEqual(['http://h:1', 'http://h:1', 'http://h:2'])
    expect(opened).toBe(2)
  })

  it('asks nothing when nothing is saved', async () => {
    expect(await proxies.open(aUser('7'), undefined)).toBeNull()
    expect(await proxies.open(aUser('7'), aUserProxyConfig({ isCleared: true }))).toBeNull()
    expect([opened, failures]).toEqual([0, 0])
  })

  it("does not open another user's, nor what is no proxy, and counts each once", async () => {
    const [user, other] = [aUser('7'), aUser('8')]
    const copied = await aProxy(other, 'http://h:1')
    expect([await proxies.open(user, copied), await proxies.open(user, copied)]).toEqual([null, null])
    expect(await proxies.open(other, await aProxy(other, 'ftp://h:1'))).toBeNull()
    expect([failures, proxies.unopenedCount]).toEqual([2, 2])
    await proxies.open(user, await aProxy(user, 'http://h:1'))
    expect(proxies.unopenedCount).toBe(1)
    await proxies.open(other, undefined)
    expect(proxies.unopenedCount).toBe(0)
  })

  it('keeps so many and no more', async () => {
    const all = await Promise.all(
      ['1', '2', '3'].map(async (id) => [aUser(id), await aProxy(aUser(id), 'http://h:1')] as const),
    )
    for (const [user, proxy] of all) await proxies.open(user, proxy)
    for (const [user, proxy] of all.slice(1)) await proxies.open(user, proxy)
    expect(opened).toBe(3)
  })

  it('passes a failure on that is not about what is stored', async () => {
    const broken = new OpenedProxies({
      sealer: { ...sealer, open: () => Promise.reject(new Error('a bug')) },
      onUnopened: () => {},
    })
    await expect(broken.open(aUser('7'), await aProxy(aUser('7'), 'http://h:1'))).rejects.toThrow('a bug')
  })

  it('prints no URL', async () => {
    await proxies.open(aUser('7'), await aProxy(aUser('7'), 'http://u:canary@h:1'))
    expect(inspect(proxies, { depth: null, showHidden: true })).not.toContain('canary')
  })
})
