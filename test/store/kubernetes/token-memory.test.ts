import { createHash } from 'node:crypto'

import { beforeEach, describe, expect, it } from 'vitest'

import type { SecretObject } from '#store/kubernetes/secret-object.ts'
import { TokenMemory } from '#store/kubernetes/token-memory.ts'
import {
  deviceTokenName,
  type NewSecret,
  revokedTokenName,
  toDeviceTokenSecret,
  toRevokedSecret,
} from '#store/kubernetes/token-objects.ts'
import type { DeviceToken } from '#store/tokens.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

let clock: FakeClock
let memory: TokenMemory
beforeEach(() => {
  clock = new FakeClock()
  memory = new TokenMemory(clock)
})

function aToken(overrides: Partial<DeviceToken> = {}): DeviceToken {
  const id = overrides.id ?? 'token-1'
  return {
    id,
    userId: 'ada',
    name: 'laptop',
    deviceId: null,
    hash: createHash('sha256').update(id).digest('hex'),
    createdAt: '2026-11-21T10:00:00.000Z',
    expiresAt: null,
    revokedAt: null,
    ...overrides,
  }
}

function stored({ metadata, data }: NewSecret, version = '1'): SecretObject {
  const { name, labels } = metadata
  return { metadata: { name, namespace: 'operator', resourceVersion: version, createdAt: 0, labels }, data }
}

function aSecret(token: DeviceToken, version = '1'): SecretObject {
  return stored(toDeviceTokenSecret(deviceTokenName(token.hash) ?? '', token), version)
}

function aRevocation(jti: string, expiresAt: string): SecretObject {
  return stored(toRevokedSecret({ secretName: revokedTokenName(jti), expiresAt: Date.parse(expiresAt) }))
}

const REVOKED = aToken({ revokedAt: '2026-11-21T11:00:00.000Z' })

describe('the memory of tokens', () => {
  it('finds a token by hash, by id and by its user', () => {
    memory.put(aSecret(aToken()))
    const kept = { token: aToken(), secret: aSecret(aToken()).metadata }
    expect(memory.findByHash(aToken().hash)).toEqual(kept)
    expect([memory.findById('token-1'), memory.findById('token-2')]).toEqual([kept, undefined])
    expect([memory.ofUser('ada'), memory.ofUser('bob')]).toEqual([[kept], []])
  })

  it('keeps a token revoked that a watch shows as it was before', () => {
    memory.put(aSecret(REVOKED, '9'))
    memory.apply({ type: 'ADDED', object: aSecret(aToken(), '5') })
    expect(memory.findByHash(REVOKED.hash)?.token).toEqual(REVOKED)
  })

  it('forgets what was deleted, and what is missing from a list', () => {
    const second = aToken({ id: 'token-2' })
    memory.replaceAll([aSecret(aToken()), aSecret(second)])
    memory.apply({ type: 'DELETED', object: aSecret(second) })
    expect(memory.all().map(({ token }) => token)).toEqual([aToken()])
    memory.replaceAll([])
    expect([memory.all(), memory.ofUser('ada'), memory.findById('token-1')]).toEqual([[], [], undefined])
  })

  it('keeps a revocation that is missing from a list until it expires', () => {
    memory.put(aRevocation('jti', '2026-11-21T12:00:00Z'))
    memory.replaceAll([])
    expect(memory.revokedUntil(revokedTokenName('jti'))).toBe(Date.parse('2026-11-21T12:00:00Z'))
    clock.jump(2 * 3_600_000)
    memory.replaceAll([])
    expect(memory.revokedUntil(revokedTokenName('jti'))).toBeUndefined()
  })

  it('keeps the later of two ends of a revocation', () => {
    memory.put(aRevocation('jti', '2026-11-22T12:00:00Z'))
    memory.put(aRevocation('jti', '2026-11-21T12:00:00Z'))
    expect(memory.revokedUntil(revokedTokenName('jti'))).toBe(Date.parse('2026-11-22T12:00:00Z'))
  })

  it.each<[string, Partial<SecretObject['metadata']>, Readonly<Record<string, string>>]>([
    ['has no label', { labels: {} }, {}],
    ['has another name than its hash', { name: 'device-token-x' }, {}],
    ['is no JSON', {}, { 'token.json': btoa('{') }],
    ['is a list', {}, { 'token.json': btoa('[]') }],
    ['lacks what a token has', {}, { 'token.json': btoa('{"id":"x"}') }],
    ['has no content', {}, { 'token.json': '' }],
  ])('takes nothing from a Secret that %s', (_what, metadata, data) => {
    const secret = aSecret(aToken())
    memory.put({ metadata: { ...secret.metadata, ...metadata }, data: { ...secret.data, ...data } })
    expect([memory.all(), memory.allRevoked()]).toEqual([[], []])
  })
})

describe('what is not in memory', () => {
  it('is not there while a watch tells, and unknown before that and after a long silence', async () => {
    const states = [memory.isFresh]
    memory.heard()
    states.push(memory.isFresh)
    memory.replaceAll([])
    states.push(memory.isFresh)
    await clock.advance(149_999)
    states.push(memory.isFresh)
    await clock.advance(1)
    states.push(memory.isFresh)
    memory.heard()
    states.push(memory.isFresh)
    expect(states).toEqual([false, false, true, true, false, true])
  })

  it('is remembered as absent while that is known, and not without end', async () => {
    memory.heard()
    memory.replaceAll([])
    for (let at = 0; at < 10_001; at += 1) memory.markAbsent(`secret-${at}`)
    const known = () => ['secret-0', 'secret-1', 'secret-10000'].map((name) => memory.isAbsent(name))
    expect(known()).toEqual([false, true, true])
    await clock.advance(150_000)
    expect(known()).toEqual([false, false, false])
  })
})
