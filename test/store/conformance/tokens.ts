import { createHash } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { DeviceToken, Tokens } from '#store/tokens.ts'

/** A tokens port under test, fresh for each case. */
export interface TokensSubject {
  readonly tokens: Tokens
  /** The ids of two users. */
  readonly userIds: readonly [string, string]
  reopen(): Promise<void>
  close(): Promise<void>
}

/** Holds what keeps the tokens to its contract. One line for each adapter. */
export function describeTokens(name: string, open: () => Promise<TokensSubject>): void {
  describe(`the ${name} tokens`, () => {
    let subject: TokensSubject
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())
    const aToken = (overrides: Partial<DeviceToken> = {}): DeviceToken => {
      const id = overrides.id ?? 'token-1'
      return {
        id,
        userId: subject.userIds[0],
        name: 'laptop',
        deviceId: null,
        hash: createHash('sha256').update(id).digest('hex'),
        createdAt: '2026-11-21T10:00:00.000Z',
        expiresAt: null,
        revokedAt: null,
        ...overrides,
      }
    }

    it.each([
      ['any device', {}],
      ['one device until a day', { deviceId: 'mac-1', expiresAt: '2026-11-28T10:00:00.000Z' }],
    ])('are found by hash and by id as they were made: for %s', async (_what, overrides) => {
      const token = aToken(overrides)
      await subject.tokens.create(token)
      expect(await subject.tokens.findByHash(token.hash)).toEqual(token)
      expect(await subject.tokens.get(token.userId, token.id)).toEqual(token)
    })

    it('are not found by what is no hash of one', async () => {
      await subject.tokens.create(aToken())
      expect(await subject.tokens.findByHash('0'.repeat(64))).toBeUndefined()
      expect(await subject.tokens.findByHash('')).toBeUndefined()
    })

    it('are not shown to another user, nor listed, nor revoked', async () => {
      await subject.tokens.create(aToken())
      const [, other] = subject.userIds
      expect(await subject.tokens.get(other, 'token-1')).toBeUndefined()
      expect(await subject.tokens.list(other)).toEqual([])
      const revoked = subject.tokens.revoke(other, 'token-1', '2026-11-21T11:00:00.000Z')
      await expect(revoked).rejects.toMatchObject({ code: 'NOT_FOUND' })
      expect(await subject.tokens.get(subject.userIds[0], 'token-1')).toEqual(aToken())
    })

    it('are listed newest first, revoked ones too', async () => {
      const older = aToken({ id: 'a', createdAt: '2026-11-20T10:00:00.000Z' })
      const newer = aToken({ id: 'b', createdAt: '2026-11-21T10:00:00.000Z' })
      await subject.tokens.create(older)
      await subject.tokens.create(newer)
      const revoked = await subject.tokens.revoke(newer.userId, 'b', '2026-11-21T11:00:00.000Z')
      expect(await subject.tokens.list(older.userId)).toEqual([revoked, older])
    })

    it('keep the first time they were revoked', async () => {
      const token = aToken()
      await subject.tokens.create(token)
      const revoked = { ...token, revokedAt: '2026-11-21T11:00:00.000Z' }
      expect(await subject.tokens.revoke(token.userId, token.id, revoked.revokedAt)).toEqual(revoked)
      const again = await subject.tokens.revoke(token.userId, token.id, '2026-11-22T11:00:00.000Z')
      expect(again).toEqual(revoked)
      expect(await subject.tokens.findByHash(token.hash)).toEqual(revoked)
    })

    it('cannot be made for nobody', async () => {
      const made = subject.tokens.create(aToken({ userId: '4711' }))
      await expect(made).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it.each([
      ['hash', { id: 'token-2', hash: createHash('sha256').update('token-1').digest('hex') }],
      ['id', { id: 'token-1', hash: 'b'.repeat(64) }],
    ])('cannot be made twice with the same %s', async (_what, overrides) => {
      await subject.tokens.create(aToken())
      const made = subject.tokens.create(aToken(overrides))
      await expect(made).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })

    it('remember which signed tokens are revoked', async () => {
      await subject.tokens.revokeSigned('jti-1', '2026-12-21T10:00:00.000Z')
      await subject.tokens.revokeSigned('jti-1', '2026-12-21T10:00:00.000Z')
      expect(await subject.tokens.isSignedRevoked('jti-1')).toBe(true)
      expect(await subject.tokens.isSignedRevoked('jti-2')).toBe(false)
    })

    it('survive a restart', async () => {
      await subject.tokens.create(aToken())
      await subject.tokens.revokeSigned('jti-1', '2026-12-21T10:00:00.000Z')
      await subject.reopen()
      expect(await subject.tokens.list(subject.userIds[0])).toEqual([aToken()])
      expect(await subject.tokens.isSignedRevoked('jti-1')).toBe(true)
    })
  })
}
