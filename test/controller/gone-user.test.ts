import { expect, it } from 'vitest'

import type { User, UserEvent, Users } from '#store/users.ts'
import { Operator } from '#test/support/operator.ts'

/** Users of whom one can go, as in a cluster. */
class LeavingUsers {
  readonly #leaving = Promise.withResolvers<User>()

  leave(user: User): void {
    this.#leaving.resolve(user)
  }

  over(users: Users): Users {
    return {
      get: (id) => users.get(id),
      findByName: (name) => users.findByName(name),
      findByNamespace: (namespace) => users.findByNamespace(namespace),
      list: () => users.list(),
      create: (user) => users.create(user),
      setActive: (id, isActive) => users.setActive(id, isActive),
      updatePreferences: (id, change) => users.updatePreferences(id, change),
      watch: (options) => this.#watch(users.watch(options)),
    }
  }

  async *#watch(events: AsyncIterable<UserEvent>): AsyncGenerator<UserEvent> {
    const source = events[Symbol.asyncIterator]()
    const leaving = this.#leaving.promise.then(
      (user) => ({ done: false, value: { type: 'DELETED', user } }) as const,
    )
    let next = source.next()
    for (;;) {
      const first = await Promise.race([next, leaving])
      if (first.done === true) return
      yield first.value
      if (first.value.type === 'DELETED') break
      next = source.next()
    }
    yield* { [Symbol.asyncIterator]: () => source }
  }
}

it('the devices of a user who is gone get nothing more, and keep what they have', async () => {
  const people = new LeavingUsers()
  const operator = await Operator.forTest({ wrapUsers: (users) => people.over(users) })
  await operator.upload('{"token":"secret"}')
  const first = operator.fleet.add({ deviceId: 'device-1' })
  await operator.until(() => first.files.has('codex'))
  const ada = await operator.stores.users.findByName('ada')
  if (ada === undefined) throw new Error('ada is not there')
  people.leave(ada)
  await operator.pass(0)
  const second = operator.fleet.add({ deviceId: 'device-2' })
  await operator.pass(60_000)
  expect([second.received, first.files.has('codex'), first.received.length]).toEqual([[], true, 1])
})
