import { describe, expect, it } from 'vitest'

import { DocumentOpener } from '#controller/auth-sync/document-opener.ts'
import { AppError } from '#core/errors.ts'
import { createSealer } from '#secrets/seal.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyring } from '#test/support/keys.ts'
import { aRuntime, aUserRuntimeConfig } from '#test/support/resources.ts'
import { SecretObjects } from '#test/support/secret-objects.ts'

const PLACE = 'user-7/login'
const REF = { name: 'login', key: 'auth.json' }
const REQUEST = {
  user: {
    id: '7',
    name: 'ada',
    email: null,
    role: 'user',
    namespace: 'user-7',
    isActive: true,
    preferences: {},
    resourceVersion: '1',
  } as const,
  runtime: aRuntime(),
  config: aUserRuntimeConfig({
    auth: { format: 'json', targetPath: '~/.codex/auth.json', secretRef: REF },
  }),
}

function anOpener(schema?: Readonly<Record<string, unknown>>) {
  const clock = new FakeClock()
  const secrets = new SecretObjects(() => clock.now())
  const opener = new DocumentOpener({ sealer: createSealer(aKeyring()), secrets }, clock)
  const { auth } = aRuntime().spec
  const validation = { maxBytes: 100, ...(schema && { schema }) }
  const request = { ...REQUEST, runtime: aRuntime({ auth: { ...auth, validation } }) }
  const changes: string[] = []
  opener.onSecretChange((namespace, runtime) => void changes.push(`${namespace}/${runtime}`))
  return { clock, secrets, opener, request, changes }
}

describe('a document in a Secret', () => {
  it('opens to its normal form, with when the Secret changed last', async () => {
    const { clock, secrets, opener, request } = anOpener()
    secrets.put(PLACE, { 'auth.json': '{"token":"a"}' })
    const { document, ...rest } = await opener.open(request)
    expect(rest).toEqual({ fault: null, secret: { version: '1', changedAt: clock.now(), isMarked: false } })
    expect(document?.normalForm.open()).toBe('{\n  "token": "a"\n}')
  })

  it.each([
    ['there is no such Secret', 'SecretMissing', null],
    ['it has no such key', 'SecretKeyMissing', { other: '{}' }],
    ['it is no JSON', 'SecretMalformed', { 'auth.json': 'hunter2' }],
    ['it is no object', 'SecretMalformed', { 'auth.json': '["hunter2"]' }],
    [
      'it is larger than its runtime allows',
      'SecretMalformed',
      { 'auth.json': `{"a":"${'hunter2'.repeat(20)}"}` },
    ],
    ['it does not fit the schema of its runtime', 'SecretMalformed', { 'auth.json': '{"tokens":"hunter2"}' }],
  ])('is not used when %s, and the reason says nothing of it', async (_when, reason, entries) => {
    const { secrets, opener, request } = anOpener({ properties: { tokens: { type: 'object' } } })
    if (entries !== null) secrets.put(PLACE, entries)
    const { document, fault } = await opener.open(request)
    expect([document, fault?.reason]).toEqual([null, reason])
    expect(fault?.message).toMatch(/\.$/)
    expect(fault?.message).not.toContain('hunter2')
  })

  it('is not used when the Secret holds bytes that are no text', async () => {
    const { secrets, opener, request } = anOpener()
    secrets.failure = new AppError('INVALID', 'expected UTF-8 text')
    expect((await opener.open(request)).fault?.reason).toBe('SecretMalformed')
  })

  it('cannot be referred to without a cluster', async () => {
    const opener = new DocumentOpener(
      { sealer: createSealer(aKeyring()), secrets: undefined },
      new FakeClock(),
    )
    expect((await opener.open(REQUEST)).fault?.reason).toBe('SecretRefUnsupported')
  })

  it('is asked for once in five seconds while the cluster cannot be reached, however many want it', async () => {
    const { clock, secrets, opener, request } = anOpener()
    secrets.put(PLACE, { 'auth.json': '{}' })
    secrets.failure = new AppError('STORE_UNAVAILABLE', 'the API server is away')
    for (let asked = 0; asked < 100; asked += 1)
      await expect(opener.open(request)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(secrets.reads).toBe(1)
    secrets.failure = null
    expect((await opener.refresh(request)).fault).toBeNull()
    await clock.advance(5_000)
    expect((await opener.open(request)).fault).toBeNull()
  })

  it('is read once for all who ask within five seconds, a missing one too', async () => {
    const { clock, secrets, opener, request } = anOpener()
    await Promise.all(Array.from({ length: 100 }, () => opener.open(request)))
    await clock.advance(4_999)
    await opener.open(request)
    expect(secrets.reads).toBe(1)
    await clock.advance(1)
    await opener.open(request)
    expect(secrets.reads).toBe(2)
  })

  it('is read again when it is asked for anew, once for all who do so meanwhile, and that is kept', async () => {
    const { secrets, opener, request } = anOpener()
    secrets.put(PLACE, { 'auth.json': '{"token":"a"}' })
    await opener.open(request)
    secrets.put(PLACE, { 'auth.json': '{"token":"b"}' })
    await Promise.all(Array.from({ length: 100 }, () => opener.refresh(request)))
    expect(secrets.reads).toBe(2)
    expect((await opener.open(request)).document?.normalForm.open()).toContain('"b"')
  })

  it('is read again when what was kept is forgotten', async () => {
    const { secrets, opener, request } = anOpener()
    await opener.open(request)
    secrets.put(PLACE, { 'auth.json': '{}' })
    opener.forget(request)
    expect((await opener.open(request)).fault).toBeNull()
  })

  it('tells when a reading differs from the one before, and only then', async () => {
    const { clock, secrets, opener, request, changes } = anOpener()
    const look = async () => {
      await clock.advance(5_000)
      await opener.open(request)
      return changes.splice(0)
    }
    expect(await look()).toEqual([])
    expect(await look()).toEqual([])
    secrets.put(PLACE, { 'auth.json': '{"token":"a"}' })
    expect(await look()).toEqual(['user-7/codex'])
    secrets.put(PLACE, { 'auth.json': '{"token":"b"}' })
    expect(await look()).toEqual(['user-7/codex'])
    expect(await look()).toEqual([])
    secrets.remove(PLACE)
    expect(await look()).toEqual(['user-7/codex'])
  })
})
