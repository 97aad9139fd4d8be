import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

import { beforeEach, describe, expect, it } from 'vitest'

import {
  createDeviceTokenService,
  type DeviceTokenService,
  isDeviceTokenId,
  isInUse,
  looksLikeDeviceToken,
  type NewDeviceToken,
} from '#api/device-tokens.ts'
import type { User } from '#store/users.ts'
import { type Accounts, openAccounts } from '#test/support/accounts.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { refusalOf } from '#test/support/key-files.ts'

let clock: FakeClock
let accounts: Accounts
let service: DeviceTokenService
let ada: User

beforeEach(async () => {
  clock = new FakeClock('2026-11-21T10:00:00Z')
  accounts = await openAccounts(clock)
  service = createDeviceTokenService({ tokens: accounts.tokens, clock })
  ada = await accounts.users.create({ name: 'ada' })
})

function aRequest(overrides: Partial<NewDeviceToken> = {}): NewDeviceToken {
  return { userId: ada.id, name: 'laptop', ...overrides }
}

describe('making a device token', () => {
  it('says everything of it but the hash', async () => {
    const { record } = await service.create(aRequest({ deviceId: 'device-1', expiresInSeconds: 86_400 }))
    expect(record).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{20}$/),
      userId: ada.id,
      name: 'laptop',
      deviceId: 'device-1',
      createdAt: '2026-11-21T10:00:00.000Z',
      expiresAt: '2026-11-22T10:00:00.000Z',
      revokedAt: null,
    })
    expect(isDeviceTokenId(record.id)).toBe(true)
  })

  it('gives a token of 256 random bits that carries its id', async () => {
    const { record, token } = await service.create(aRequest())
    expect(token.open()).toMatch(new RegExp(`^rcd_${record.id}_[A-Za-z0-9_-]{43}$`))
    expect(looksLikeDeviceToken(token.open())).toBe(true)
  })

  it('stores the SHA-256 of the token and nothing else of it', async () => {
    const { record, token } = await service.create(aRequest())
    const kept = await accounts.tokens.get(ada.id, record.id)
    expect(kept).toEqual({ ...record, hash: createHash('sha256').update(token.open()).digest('hex') })
    expect(JSON.stringify(kept)).not.toContain(token.open().slice(-43))
  })

  it('does not print the token', async () => {
    const made = await service.create(aRequest())
    const secret = made.token.open().slice(-43)
    expect(inspect(made, { depth: null, showHidden: true }) + JSON.stringify(made)).not.toContain(secret)
  })

  it('makes another one each time, for the same name too', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => service.create(aRequest())))
    expect(new Set(made.map(({ token }) => token.open())).size).toBe(20)
    expect(new Set(made.map(({ record }) => record.id)).size).toBe(20)
  })

  it('is without an end unless one is asked for', async () => {
    const { record } = await service.create(aRequest())
    expect(record).toMatchObject({ expiresAt: null, deviceId: null })
  })

  it('drops the spaces around a name', async () => {
    expect((await service.create(aRequest({ name: '  my 笔记本 😀 ' }))).record.name).toBe('my 笔记本 😀')
  })

  it('takes names and devices of exactly 100 characters', async () => {
    const { record } = await service.create(aRequest({ name: 'n'.repeat(100), deviceId: 'd'.repeat(100) }))
    expect([record.name.length, record.deviceId?.length]).toEqual([100, 100])
  })

  it.each<[string, Partial<NewDeviceToken>, string]>([
    ['an empty name', { name: '' }, 'name: expected 1 to 100 printable characters'],
    ['a blank name', { name: ' \t ' }, 'name: expected 1 to 100 printable characters'],
    ['a name of 101 characters', { name: 'n'.repeat(101) }, 'name: expected 1 to 100 printable characters'],
    ['a name of two lines', { name: 'a\nb' }, 'name: expected 1 to 100 printable characters'],
    ['a name with a terminal code', { name: '\u001b[31m' }, 'name: expected 1 to 100 printable characters'],
    [
      'a name that turns the text around',
      { name: 'a\u202eb' },
      'name: expected 1 to 100 printable characters',
    ],
    ['half a surrogate pair', { name: '\ud800' }, 'name: expected 1 to 100 printable characters'],
    ['an empty device', { deviceId: '' }, 'device_id: expected 1 to 100 printable characters'],
    [
      'a device of 101 characters',
      { deviceId: 'd'.repeat(101) },
      'device_id: expected 1 to 100 printable characters',
    ],
    ['no lifetime', { expiresInSeconds: 0 }, 'expires_in_seconds: expected 1 to 316224000 whole seconds'],
    [
      'a lifetime that ended',
      { expiresInSeconds: -5 },
      'expires_in_seconds: expected 1 to 316224000 whole seconds',
    ],
    ['half a second', { expiresInSeconds: 1.5 }, 'expires_in_seconds: expected 1 to 316224000 whole seconds'],
    [
      'a lifetime of ages',
      { expiresInSeconds: 1e15 },
      'expires_in_seconds: expected 1 to 316224000 whole seconds',
    ],
    [
      'no number',
      { expiresInSeconds: Number.NaN },
      'expires_in_seconds: expected 1 to 316224000 whole seconds',
    ],
  ])('is refused for %s', async (_what, request, message) => {
    expect(await refusalOf(service.create(aRequest(request)))).toMatchObject({ code: 'INVALID', message })
    expect(await service.list(ada.id)).toEqual([])
  })

  it('is refused when the user has 1000 in use, until one of them is revoked or expires', async () => {
    for (let count = 0; count < 999; count += 1) await service.create(aRequest())
    const { record } = await service.create(aRequest({ expiresInSeconds: 60 }))
    expect(await refusalOf(service.create(aRequest()))).toMatchObject({
      code: 'INVALID',
      message: 'expected at most 1000 device tokens in use; revoke some first',
    })
    clock.jump(60_000)
    const next = await service.create(aRequest())
    expect(await refusalOf(service.create(aRequest()))).toMatchObject({ code: 'INVALID' })
    await service.revoke(ada.id, next.record.id)
    await service.create(aRequest())
    expect(record.expiresAt).toBe('2026-11-21T10:01:00.000Z')
  })
})

describe("a user's device tokens", () => {
  it('are listed newest first, revoked ones included, without their hashes', async () => {
    const { record: old } = await service.create(aRequest({ name: 'old' }))
    clock.jump(1000)
    const { record: young } = await service.create(aRequest({ name: 'young' }))
    const revoked = await service.revoke(ada.id, old.id)
    expect(await service.list(ada.id)).toEqual([young, revoked])
  })

  it("are not among another user's", async () => {
    const grace = await accounts.users.create({ name: 'grace' })
    const { record } = await service.create(aRequest())
    expect(await service.list(grace.id)).toEqual([])
    expect(await refusalOf(service.revoke(grace.id, record.id))).toMatchObject({ code: 'NOT_FOUND' })
    expect(await service.list(ada.id)).toEqual([record])
  })

  it('keep the first time they were revoked', async () => {
    const { record } = await service.create(aRequest())
    clock.jump(1000)
    const first = await service.revoke(ada.id, record.id)
    clock.jump(1000)
    expect(first).toEqual({ ...record, revokedAt: '2026-11-21T10:00:01.000Z' })
    expect(await service.revoke(ada.id, record.id)).toEqual(first)
  })

  it.each(['', 'nope', '0'.repeat(20), '../x', '\0', 'a'.repeat(100_000)])(
    'are not found by %j',
    async (id) => {
      expect(await refusalOf(service.revoke(ada.id, id.slice(0, 100_000)))).toMatchObject({
        code: 'NOT_FOUND',
      })
    },
  )
})

describe('a device token', () => {
  const at = Date.parse('2026-11-21T10:00:00.000Z')

  it.each([
    ['neither revoked nor ending', { expiresAt: null, revokedAt: null }, true],
    ['ending later', { expiresAt: '2026-11-21T10:00:00.001Z', revokedAt: null }, true],
    ['ending now', { expiresAt: '2026-11-21T10:00:00.000Z', revokedAt: null }, false],
    ['revoked', { expiresAt: null, revokedAt: '2026-11-21T09:00:00.000Z' }, false],
    ['with an end that is no time', { expiresAt: 'soon', revokedAt: null }, false],
  ])('%s is in use: %s', (_what, token, isGood) => {
    expect(isInUse(token, at)).toBe(isGood)
  })
})
