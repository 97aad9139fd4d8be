import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { User, UserEvent, Users } from '#store/users.ts'

/** A users port under test, fresh for each case, in which nobody is. */
export interface UsersSubject {
  readonly users: Users
  reopen(): Promise<void>
  close(): Promise<void>
}

/** Holds what keeps the users to its contract. One line for each adapter. */
export function describeUsers(name: string, open: () => Promise<UsersSubject>): void {
  describe(`the ${name} users`, () => {
    let subject: UsersSubject
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    it('are found by id, name and namespace as create answered them', async () => {
      const ada = await subject.users.create({ name: 'ada', email: 'ada@example.com', role: 'admin' })
      expect(ada).toEqual({
        id: expect.stringMatching(/./),
        name: 'ada',
        email: 'ada@example.com',
        role: 'admin',
        namespace: expect.stringMatching(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
        isActive: true,
        preferences: {},
        resourceVersion: expect.stringMatching(/./),
      })
      expect(await subject.users.get(ada.id)).toEqual(ada)
      expect(await subject.users.findByName('ada')).toEqual(ada)
      expect(await subject.users.findByNamespace(ada.namespace)).toEqual(ada)
    })

    it('have no e-mail and are no admins unless that is said', async () => {
      expect(await subject.users.create({ name: 'ada' })).toMatchObject({ email: null, role: 'user' })
    })

    it.each(['', '0', '4711', '-1', '1.5', 'x', ' 1', '9'.repeat(40)])(
      'has nobody with id "%s"',
      async (id) => {
        expect(await subject.users.get(id)).toBeUndefined()
      },
    )

    it('has nobody of an unknown name or namespace', async () => {
      await subject.users.create({ name: 'ada' })
      expect(await subject.users.findByName('ADA')).toBeUndefined()
      expect(await subject.users.findByNamespace('default')).toBeUndefined()
    })

    it('have namespaces of their own', async () => {
      const made = await Promise.all(['ada', 'bob', 'eve'].map((name) => subject.users.create({ name })))
      expect(new Set(made.map(({ namespace }) => namespace)).size).toBe(3)
    })

    it('are listed in the order of their ids', async () => {
      const made = []
      for (let at = 0; at < 12; at += 1) made.push(await subject.users.create({ name: `user ${at}` }))
      expect(await subject.users.list()).toEqual(made.toSorted(byId))
    })

    it('tell names apart that differ in a blank, in case or in a sign of a selector', async () => {
      const names = ['ada', ' ada', 'ada ', 'Ada', 'ada,', 'ada=', String.raw`ada\ `, 'ada,spec.subject!=x']
      for (const name of names) await subject.users.create({ name })
      const found = []
      for (const name of names) found.push((await subject.users.findByName(name))?.name)
      expect(found).toEqual(names)
    })

    it('find nobody by half a character', async () => {
      await subject.users.create({ name: 'a\ufffd' })
      expect(await subject.users.findByName('a\ud83e')).toBeUndefined()
    })

    it('refuse a name that is taken', async () => {
      await subject.users.create({ name: 'ada' })
      await expect(subject.users.create({ name: 'ada' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    })

    it.each([
      ['empty', ''],
      ['blank', '  '],
      ['too long', 'a'.repeat(101)],
      ['not printable', 'a\u0000b'],
      ['in two lines', 'a\nb'],
      ['half a character', 'a\ud800'],
      ['written backwards', 'a\u202eb'],
    ])('refuse a name that is %s', async (_what, name) => {
      await expect(subject.users.create({ name })).rejects.toMatchObject({ code: 'INVALID' })
      expect(await subject.users.list()).toEqual([])
    })

    it.each(['a'.repeat(100), 'Zoë Müller', '山田太郎', "o'hara; drop table users", '🦊'.repeat(100)])(
      'take the name "%s"',
      async (name) => {
        await subject.users.create({ name })
        expect(await subject.users.findByName(name)).toMatchObject({ name })
      },
    )

    it('can be deactivated and activated again', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      const inactive = await subject.users.setActive(ada.id, false)
      expect(inactive).toEqual({ ...ada, isActive: false, resourceVersion: inactive.resourceVersion })
      expect(inactive.resourceVersion).not.toBe(ada.resourceVersion)
      expect(await subject.users.findByName('ada')).toEqual(inactive)
      expect((await subject.users.setActive(ada.id, true)).isActive).toBe(true)
    })

    it('keep their version when they are set to what they are', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      expect(await subject.users.setActive(ada.id, true)).toEqual(ada)
    })

    it('cannot be deactivated when they are not there', async () => {
      await expect(subject.users.setActive('4711', false)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('survive a restart', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      await subject.reopen()
      expect(await subject.users.list()).toEqual([ada])
    })
  })
  describePreferences(name, open)
  describeUserWatch(name, open)
}

function byId(one: User, other: User): number {
  const [a, b] = [Number(one.id), Number(other.id)]
  if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b
  return one.id < other.id ? -1 : 1
}

function describePreferences(name: string, open: () => Promise<UsersSubject>): void {
  describe(`preferences of the ${name} users`, () => {
    let subject: UsersSubject
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.close())

    it('are replaced as a whole', async () => {
      const { id, resourceVersion } = await subject.users.create({ name: 'ada' })
      const preferences = { send_key: 'cmd_enter', runtime_configs: { codex: { use_user_config: true } } }
      const updated = await subject.users.updatePreferences(id, {
        expectedVersion: resourceVersion,
        preferences,
      })
      expect(updated.preferences).toEqual(preferences)
      expect(await subject.users.get(id)).toEqual(updated)
    })

    it('are not written over by somebody who read an older version', async () => {
      const { id, resourceVersion } = await subject.users.create({ name: 'ada' })
      const expectedVersion = resourceVersion
      const first = await subject.users.updatePreferences(id, { expectedVersion, preferences: { first: 1 } })
      const second = subject.users.updatePreferences(id, { expectedVersion, preferences: { second: 2 } })
      await expect(second).rejects.toMatchObject({ code: 'CONFLICT' })
      expect(await subject.users.get(id)).toEqual(first)
    })

    it('are not written over by somebody who missed a deactivation', async () => {
      const { id, resourceVersion } = await subject.users.create({ name: 'ada' })
      await subject.users.setActive(id, false)
      const update = subject.users.updatePreferences(id, {
        expectedVersion: resourceVersion,
        preferences: {},
      })
      await expect(update).rejects.toMatchObject({ code: 'CONFLICT' })
    })

    it('keep the version when nothing changes', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      const change = { expectedVersion: ada.resourceVersion, preferences: {} }
      expect(await subject.users.updatePreferences(ada.id, change)).toEqual(ada)
    })

    it('of nobody cannot be written', async () => {
      const update = subject.users.updatePreferences('4711', { expectedVersion: '1', preferences: {} })
      await expect(update).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('lose nothing of twenty writers at once', async () => {
      const { id } = await subject.users.create({ name: 'ada' })
      const write = async (key: string): Promise<void> => {
        const user = await subject.users.get(id)
        const preferences = { ...user?.preferences, [key]: true }
        const expectedVersion = user?.resourceVersion ?? ''
        await Promise.resolve()
        try {
          await subject.users.updatePreferences(id, { expectedVersion, preferences })
        } catch {
          await write(key)
        }
      }
      const keys = Array.from({ length: 20 }, (_, at) => `writer-${at}`)
      await Promise.all(keys.map(write))
      const user = await subject.users.get(id)
      expect(user?.preferences).toEqual(Object.fromEntries(keys.map((key) => [key, true])))
    })
  })
}

function describeUserWatch(name: string, open: () => Promise<UsersSubject>): void {
  describe(`a watch of the ${name} users`, () => {
    let subject: UsersSubject
    let stop: AbortController
    let events: AsyncIterator<UserEvent>
    const next = async () => {
      const { value, done } = await events.next()
      if (done === true) throw new Error('the watch ended')
      return value
    }
    beforeEach(async () => {
      subject = await open()
      stop = new AbortController()
      events = subject.users.watch({ signal: stop.signal })[Symbol.asyncIterator]()
    })
    afterEach(async () => {
      stop.abort()
      await events.next().catch(() => undefined)
      await subject.close()
    })

    it('begins with everybody', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      const bob = await subject.users.create({ name: 'bob' })
      expect([await next(), await next()]).toEqual([
        { type: 'ADDED', user: ada },
        { type: 'ADDED', user: bob },
      ])
    })

    it('shows who comes and what changes', async () => {
      const ada = await subject.users.create({ name: 'ada' })
      await next()
      const bob = await subject.users.create({ name: 'bob' })
      expect(await next()).toEqual({ type: 'ADDED', user: bob })
      const inactive = await subject.users.setActive(ada.id, false)
      expect(await next()).toEqual({ type: 'MODIFIED', user: inactive })
      const change = { expectedVersion: bob.resourceVersion, preferences: { a: 1 } }
      expect(await subject.users.updatePreferences(bob.id, change)).toEqual((await next()).user)
    })

    it('shows a change to one who waits for it', async () => {
      const waiting = next()
      const ada = await subject.users.create({ name: 'ada' })
      expect(await waiting).toEqual({ type: 'ADDED', user: ada })
    })

    it('ends without an error when it is told to', async () => {
      const waiting = events.next()
      stop.abort()
      expect((await waiting).done).toBe(true)
    })
  })
}
