import { createHash } from 'node:crypto'

import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import type { DeviceToken, Tokens } from '#store/tokens.ts'
import { openClusterStores } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let stores: Awaited<ReturnType<typeof openClusterStores>>
beforeEach(async () => {
  stores = await openClusterStores(inject('kubeconfig'))
  await stores.users.create({ name: 'ada' })
})
afterEach(() => stores.close())

const PLAIN = 'rct_the-token-itself'

function aToken(overrides: Partial<DeviceToken> = {}): DeviceToken {
  const hash = createHash('sha256')
    .update(overrides.id ?? PLAIN)
    .digest('hex')
  return {
    id: 'token-1',
    userId: 'ada',
    name: 'laptop',
    deviceId: null,
    hash,
    createdAt: '2026-11-21T10:00:00.000Z',
    expiresAt: null,
    revokedAt: null,
    ...overrides,
  }
}

async function secrets(): Promise<readonly { readonly metadata: { readonly name: string } }[]> {
  const { stdout } = await kubectl(['get', 'secrets', `--namespace=${stores.namespace}`, '--output=json'])
  return JSON.parse(stdout).items
}

/** Another replica, that watches. */
async function anotherReplica(): Promise<Tokens> {
  const another = await stores.another()
  await another.start(stores.signal)
  return another.tokens
}

function gets(): number {
  return stores.requests.filter(({ verb }) => verb === 'get').length
}

describe('tokens in a cluster', () => {
  it('are Secrets that hold a hash, and nothing that lets anybody in', async () => {
    await stores.tokens.create(aToken())
    await stores.tokens.revokeSigned('jti-of-a-signed-token', '2027-01-01T00:00:00.000Z')
    const text = Buffer.from(JSON.stringify(await secrets())).toString()
    const decoded = [...text.matchAll(/"token\.json":"([^"]+)"/g)].map(([, data = '']) => atob(data)).join()
    expect(decoded).toContain('laptop')
    expect(text + decoded).not.toContain(PLAIN)
    expect(text + decoded).not.toContain('jti-of-a-signed-token')
  })

  it('are good at another replica at once, and no longer when they were revoked there', async () => {
    await stores.start(stores.signal)
    const other = await anotherReplica()
    await other.create(aToken())
    expect(await stores.tokens.findByHash(aToken().hash)).toEqual(aToken())
    await other.revoke('ada', 'token-1', '2026-11-21T11:00:00.000Z')
    await other.revokeSigned('jti-1', '2027-01-01T00:00:00.000Z')
    await expect.poll(() => stores.tokens.isSignedRevoked('jti-1'), { timeout: 30_000 }).toBe(true)
    const revokedAt = async () => (await stores.tokens.findByHash(aToken().hash))?.revokedAt
    await expect.poll(revokedAt, { timeout: 30_000 }).toBe('2026-11-21T11:00:00.000Z')
  })

  it('cost no request when they are known, and one when they are not, however often they are asked for', async () => {
    await stores.tokens.create(aToken())
    await stores.start(stores.signal)
    const before = gets()
    for (let times = 0; times < 50; times += 1) {
      await stores.tokens.findByHash(aToken().hash)
      await stores.tokens.isSignedRevoked(`jti-${times}`)
    }
    expect(gets() - before).toBe(0)
    for (let times = 0; times < 50; times += 1) await stores.tokens.findByHash('0'.repeat(64))
    expect(gets() - before).toBe(1)
  })

  it('are asked for when the watch has been silent for long', async () => {
    const { systemClock } = await import('#cli/system-clock.ts')
    let ahead = 0
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead }
    await stores.close()
    stores = await openClusterStores(inject('kubeconfig'), { clock })
    await stores.start(stores.signal)
    const before = gets()
    expect([await stores.tokens.isSignedRevoked('jti-1'), gets() - before]).toEqual([false, 0])
    ahead = 200_000
    expect([await stores.tokens.isSignedRevoked('jti-1'), gets() - before]).toEqual([false, 1])
  })

  it('are made once by two who try at once, and revoked once', async () => {
    const other = await anotherReplica()
    const made = await Promise.allSettled([stores.tokens.create(aToken()), other.create(aToken())])
    expect(made.map(({ status }) => status).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'fulfilled',
      'rejected',
    ])
    const times = ['2026-11-21T11:00:00.000Z', '2026-11-21T12:00:00.000Z']
    const both = [stores.tokens, other]
    const revoked = await Promise.all(
      both.map((tokens, at) => tokens.revoke('ada', 'token-1', times[at] ?? '')),
    )
    expect(new Set(revoked.map(({ revokedAt }) => revokedAt)).size).toBe(1)
  })

  it('are nothing when somebody spoilt their Secret', async () => {
    await stores.tokens.create(aToken())
    const name = `device-token-${aToken().hash}`
    const patch = JSON.stringify({ data: { 'token.json': btoa('no JSON') } })
    await kubectl([
      'patch',
      'secret',
      name,
      `--namespace=${stores.namespace}`,
      '--type=merge',
      '--patch',
      patch,
    ])
    const other = await anotherReplica()
    expect(await other.findByHash(aToken().hash)).toBeUndefined()
    expect(await other.list('ada')).toEqual([])
  })
})

describe('the sweep of tokens', () => {
  it('deletes revocations that have expired, and keeps the others', async () => {
    await stores.tokens.revokeSigned('old', '2020-01-01T00:00:00.000Z')
    await stores.tokens.revokeSigned('new', '2999-01-01T00:00:00.000Z')
    await stores.start(stores.signal)
    await stores.sweep()
    expect(await secrets()).toHaveLength(1)
    expect(await stores.tokens.isSignedRevoked('new')).toBe(true)
    expect(await stores.tokens.isSignedRevoked('old')).toBe(false)
  })

  it('deletes the tokens of a user who is gone, but not at once', async () => {
    const { systemClock } = await import('#cli/system-clock.ts')
    let ahead = 0
    const clock = { ...systemClock, now: () => Date.now() + ahead }
    await stores.close()
    stores = await openClusterStores(inject('kubeconfig'), { clock })
    await stores.users.create({ name: 'ada' })
    await stores.users.create({ name: 'bob' })
    await stores.tokens.create(aToken())
    await stores.tokens.create(aToken({ id: 'token-2', userId: 'bob' }))
    await stores.start(stores.signal)
    await stores.store.delete('User', { name: 'ada' })
    await stores.sweep()
    expect(await secrets()).toHaveLength(2)
    ahead = 2 * 3_600_000
    await stores.sweep()
    expect((await stores.tokens.list('bob')).map(({ id }) => id)).toEqual(['token-2'])
    expect(await secrets()).toHaveLength(1)
  })

  it('deletes nothing while it does not know everything', async () => {
    await stores.tokens.revokeSigned('old', '2020-01-01T00:00:00.000Z')
    await stores.sweep()
    expect(await secrets()).toHaveLength(1)
  })
})
