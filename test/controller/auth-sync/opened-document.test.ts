import { describe, expect, it } from 'vitest'

import { DocumentOpener } from '#controller/auth-sync/document-opener.ts'
import { NOTHING_STORED, readDocument } from '#controller/auth-sync/opened-document.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { authPlace } from '#secrets/places.ts'
import { createSealer, type Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyring } from '#test/support/keys.ts'
import { aRuntime, aUserRuntimeConfig } from '#test/support/resources.ts'

const TEXT = '{\n  "account": {\n    "id": "ada"\n  },\n  "token": "secret"\n}'
const ADA: User = {
  id: '7',
  name: 'ada',
  email: null,
  role: 'user',
  namespace: 'user-7',
  isActive: true,
  preferences: {},
  resourceVersion: '1',
}
const FIELDS = { accountId: '/account/id', refreshToken: '/refresh', lastRefresh: '/last_refresh' }
const CODEX = aRuntime({ auth: { ...aRuntime().spec.auth, fields: FIELDS } })

interface Sealed {
  readonly sealer?: Sealer
  readonly text?: string
  readonly sha256?: string
}

/** A configuration with a text sealed in its place. */
async function aSealed({
  sealer = createSealer(aKeyring()),
  text = TEXT,
  sha256 = 'f'.repeat(64),
}: Sealed = {}) {
  const encryptedValue = await sealer.seal(new Secret(text), authPlace(ADA, 'codex'))
  const config = aUserRuntimeConfig({
    auth: { format: 'json', targetPath: '~/.codex/auth.json', encryptedValue, sha256 },
  })
  return { sealer, config, request: { user: ADA, runtime: CODEX, config } }
}

function openerOf(sealer: Sealer, clock = new FakeClock()): DocumentOpener {
  return new DocumentOpener({ sealer, secrets: undefined }, clock)
}

describe('a stored document', () => {
  it('opens to its normal form and what its runtime says of it', async () => {
    const { sealer, request } = await aSealed({
      text: '{"token":"secret","account":{"id":"ada"},"refresh":"r","last_refresh":"2026-01-01T00:00:00Z"}',
    })
    const { document } = await openerOf(sealer).open(request)
    expect({ ...document, accountId: document?.accountId?.open(), normalForm: null }).toEqual({
      normalForm: null,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      accountId: 'ada',
      lastRefresh: '2026-01-01T00:00:00Z',
      hasRefreshToken: true,
    })
    expect(document?.normalForm.open()).toMatch(/^\{\n {2}"account": \{/)
  })

  it('does not print what is secret in it', () => {
    expect(JSON.stringify(readDocument(TEXT, CODEX))).not.toMatch(/secret|ada/)
  })

  it.each(['secret-refresh-token 12', 'eyJhbGciOi 5', '12', 'Nov 20 2026'])(
    'takes %j for no time of a refresh: it would be shown and logged',
    (lastRefresh) => {
      expect(readDocument(JSON.stringify({ last_refresh: lastRefresh }), CODEX).lastRefresh).toBeNull()
    },
  )

  it('has no facts where the runtime names none', () => {
    expect(readDocument(TEXT, aRuntime())).toMatchObject({
      accountId: null,
      lastRefresh: null,
      hasRefreshToken: false,
    })
  })

  it('is not there when none is stored', async () => {
    const { sealer, request } = await aSealed()
    const config: ObjectOf<'UserRuntimeConfig'> = { ...request.config, spec: { runtime: 'codex' } }
    expect(await openerOf(sealer).open({ ...request, config })).toEqual(NOTHING_STORED)
  })

  it.each([
    ['is sealed for somebody else', { user: { ...ADA, id: '8' } }],
    ['is sealed under a key that is gone', { sealer: createSealer(aKeyring()) }],
    ['is no JSON', { text: 'token' }],
    ['is no object', { text: '[1]' }],
  ])(
    'does not open when it %s',
    async (_why, { user = ADA, sealer: other, text }: { user?: User; sealer?: Sealer; text?: string }) => {
      const { sealer, request } = await aSealed(text === undefined ? {} : { text })
      expect(await openerOf(other ?? sealer).open({ ...request, user })).toEqual({
        document: null,
        fault: {
          reason: 'DecryptFailed',
          message: expect.stringMatching(/^The stored auth document does not open; .*\.$/),
        },
        secret: null,
      })
    },
  )

  it('lets a bug through', async () => {
    const { request } = await aSealed()
    const broken: Sealer = {
      seal: async () => '',
      open: () => Promise.reject(new TypeError('undefined is not a function')),
    }
    await expect(openerOf(broken).open(request)).rejects.toBeInstanceOf(TypeError)
  })

  it('is opened once for all who ask within five seconds, and again for those who ask later', async () => {
    const { sealer, request } = await aSealed()
    let opened = 0
    const counting: Sealer = {
      ...sealer,
      open: (sealed, place) => {
        opened += 1
        return sealer.open(sealed, place)
      },
    }
    const clock = new FakeClock()
    const opener = openerOf(counting, clock)
    await Promise.all(Array.from({ length: 100 }, () => opener.open(request)))
    await clock.advance(4999)
    await opener.open(request)
    expect(opened).toBe(1)
    await clock.advance(1)
    await opener.open(request)
    expect(opened).toBe(2)
  })

  it('is not shared with a user who copied it', async () => {
    const { sealer, request } = await aSealed()
    const eve: User = { ...ADA, id: '8', namespace: 'user-8' }
    const copied = { ...request.config, metadata: { ...request.config.metadata, namespace: 'user-8' } }
    const opener = openerOf(sealer)
    const [hers, own] = await Promise.all([
      opener.open({ ...request, user: eve, config: copied }),
      opener.open(request),
    ])
    expect([hers.document, own.document?.normalForm.open()]).toEqual([null, TEXT])
  })
})
