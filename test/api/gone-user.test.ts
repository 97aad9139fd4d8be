import { expect, it } from 'vitest'

import { createAuthenticator } from '#api/authenticate.ts'
import { createDeviceTokenService } from '#api/device-tokens.ts'
import { signToken } from '#secrets/signing.ts'
import type { User, Users } from '#store/users.ts'
import { openAccounts } from '#test/support/accounts.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { refusalOf } from '#test/support/key-files.ts'
import { aSigningKey } from '#test/support/keys.ts'

/** Users of whom one can be gone, as in a cluster. */
async function someUsers() {
  const clock = new FakeClock()
  const { users, tokens } = await openAccounts(clock)
  const gone = new Set<string>()
  const unlessGone = (user: User | undefined) => (user && gone.has(user.id) ? undefined : user)
  const leaving: Users = {
    get: async (id) => unlessGone(await users.get(id)),
    findByName: async (name) => unlessGone(await users.findByName(name)),
    findByNamespace: async (namespace) => unlessGone(await users.findByNamespace(namespace)),
    list: async () => (await users.list()).filter(({ id }) => !gone.has(id)),
    create: (user) => users.create(user),
    setActive: (id, isActive) => users.setActive(id, isActive),
    updatePreferences: (id, change) => users.updatePreferences(id, change),
    watch: (options) => users.watch(options),
  }
  const signingKey = aSigningKey()
  const authenticator = createAuthenticator({ users: leaving, tokens, signingKey, clock })
  return { users, tokens, clock, gone, signingKey, authenticator }
}

it('a device of a user who is gone may not stay, whatever its token', async () => {
  const { users, tokens, clock, gone, signingKey, authenticator } = await someUsers()
  const ada = await users.create({ name: 'ada' })
  const request = { subject: 'ada', scopes: ['user'], expiresInSeconds: 3600, now: clock.now() }
  const signed = await authenticator.authenticate((await signToken(signingKey, request)).token)
  const service = createDeviceTokenService({ tokens, clock })
  const made = await service.create({ userId: ada.id, name: 'laptop' })
  const device = await authenticator.authenticate(made.token.open())
  const mayStay = () => Promise.all([authenticator.recheck(signed), authenticator.recheck(device)])
  expect(await mayStay()).toEqual([true, true])
  gone.add(ada.id)
  expect(await mayStay()).toEqual([false, false])
  const refused = await refusalOf(authenticator.authenticate(made.token.open()))
  expect(refused.code).toBe('UNAUTHENTICATED')
})
