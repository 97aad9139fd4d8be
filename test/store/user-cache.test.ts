import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { createUserCache } from '#store/user-cache.ts'
import type { User, UserEvent, Users } from '#store/users.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'
import { until } from '#test/support/until.ts'

describe('a cache of users', () => {
  let subject: Awaited<ReturnType<typeof openSqliteSubject>>
  let stop: AbortController
  beforeEach(async () => {
    subject = await openSqliteSubject()
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await subject.close()
  })
  const started = async (users: Users = subject.users) => {
    const cache = createUserCache({ users, clock: subject.clock, random: () => 0.5 })
    const changes: string[] = []
    cache.onChange((user, previous) => {
      changes.push(`${previous === undefined ? 'new' : 'changed'} ${user.name} ${user.isActive}`)
    })
    await cache.start(stop.signal)
    return { cache, changes }
  }

  it('finds everybody by id, name and namespace when start resolves', async () => {
    const { cache, changes } = await started()
    const ada = await subject.users.findByName('ada')
    expect(cache.isSynced).toBe(true)
    expect(cache.get('1')).toEqual(ada)
    expect(cache.findByName('ada')).toEqual(ada)
    expect(cache.findByNamespace('user-1')).toEqual(ada)
    expect(cache.list()).toEqual(await subject.users.list())
    expect(changes).toEqual(['new ada true', 'new bob true'])
  })

  it('knows nobody else', async () => {
    const { cache } = await started()
    expect([cache.get('3'), cache.findByName('eve'), cache.findByNamespace('user-3')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('calls back once for who comes and what changes', async () => {
    const { cache, changes } = await started()
    await subject.users.create({ name: 'eve' })
    await until(() => cache.findByName('eve') !== undefined)
    await subject.users.setActive('1', false)
    await until(() => changes.length === 4)
    expect(changes.slice(2)).toEqual(['new eve true', 'changed ada false'])
    expect(cache.findByNamespace('user-1')?.isActive).toBe(false)
  })

  it('gives out what cannot be changed', async () => {
    const { cache } = await started()
    expect(() => Object.assign(cache.get('1') ?? {}, { isActive: false })).toThrow(TypeError)
  })

  it('calls nobody who stopped listening', async () => {
    const { cache, changes } = await started()
    const others: string[] = []
    cache.onChange(({ name }) => others.push(name))()
    await subject.users.create({ name: 'eve' })
    await until(() => changes.length === 3)
    expect(others).toEqual([])
  })

  it('comes back after failures with what happened meanwhile', async () => {
    let isCut = true
    const users: Users = {
      ...bind(subject.users),
      list: async () => {
        if (isCut) throw new AppError('STORE_UNAVAILABLE', 'cut by the test')
        return subject.users.list()
      },
    }
    const ready = started(users)
    await subject.clock.advance(10_000)
    await subject.users.create({ name: 'eve' })
    isCut = false
    await subject.clock.advance(60_000)
    const { cache } = await ready
    expect(cache.list()).toHaveLength(3)
  })

  it('asks less and less of a store that tells one thing and hangs up', async () => {
    let lists = 0
    const users: Users = {
      ...bind(subject.users),
      list: async () => {
        lists += 1
        return subject.users.list()
      },
      async *watch() {
        const [ada] = await subject.users.list()
        if (ada !== undefined) yield { type: 'MODIFIED', user: ada }
      },
    }
    await started(users)
    for (let second = 0; second < 600; second += 1) await subject.clock.advance(1_000)
    expect(lists).toBeLessThan(60)
  })

  describe('when somebody can be gone', () => {
    let told: UserEvent[]
    let wake: () => void
    let known: readonly string[]
    const scripted = (list: () => readonly User[]): Users => ({
      ...bind(subject.users),
      list: async () => list(),
      async *watch({ known: before = [], signal }) {
        known = [...before].map(({ name }) => name)
        while (!signal.aborted) {
          yield* told.splice(0)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
    })
    const tell = (...events: UserEvent[]) => {
      told.push(...events)
      wake()
    }
    beforeEach(() => {
      told = []
    })
    afterEach(() => wake())

    it('forgets them, and tells that they are not active any more', async () => {
      const all = await subject.users.list()
      const { cache, changes } = await started(scripted(() => all))
      await until(() => known.length === 2)
      const ada = cache.findByName('ada')
      if (ada === undefined) throw new Error('ada is not there')
      tell({ type: 'DELETED', user: ada })
      await until(() => changes.length === 3)
      expect(changes.at(-1)).toBe('changed ada false')
      const found = [cache.get(ada.id), cache.findByName('ada'), cache.findByNamespace(ada.namespace)]
      expect([found, cache.list().length]).toEqual([[undefined, undefined, undefined], 1])
    })

    it('keeps who took over the name and the namespace', async () => {
      const all = await subject.users.list()
      const { cache, changes } = await started(scripted(() => all))
      await until(() => known.length === 2)
      const ada = cache.findByName('ada')
      if (ada === undefined) throw new Error('ada is not there')
      const heir: User = { ...ada, id: 'ada-2', resourceVersion: '77' }
      tell({ type: 'ADDED', user: heir }, { type: 'DELETED', user: ada })
      await until(() => changes.length === 4)
      expect([cache.findByName('ada'), cache.findByNamespace(ada.namespace)]).toEqual([heir, heir])
    })

    it('says nothing of the deletion of somebody it does not know', async () => {
      const [ada, bob] = await subject.users.list()
      if (ada === undefined || bob === undefined) throw new Error('they are not there')
      const { changes } = await started(scripted(() => [ada]))
      await until(() => known.length === 1)
      tell({ type: 'DELETED', user: bob }, { type: 'ADDED', user: bob })
      await until(() => changes.length === 2)
      expect(changes).toEqual(['new ada true', 'new bob true'])
    })

    it('forgets who is missing from a list after a failure', async () => {
      const all = await subject.users.list()
      let lists = 0
      const users = scripted(() => (lists++ === 0 ? all : all.slice(1)))
      const failing: Users = {
        ...users,
        watch: (options) => {
          if (lists === 1) throw new AppError('STORE_UNAVAILABLE', 'cut by the test')
          return users.watch(options)
        },
      }
      const { cache, changes } = await started(failing)
      await subject.clock.advance(60_000)
      await until(() => changes.length === 3)
      expect(changes.at(-1)).toBe('changed ada false')
      expect([cache.findByName('ada'), known]).toEqual([undefined, ['bob']])
    })
  })

  it('no longer counts as fresh when a bug ended its watch', async () => {
    const { cache } = await started()
    cache.onChange(() => {
      throw new TypeError('a bug')
    })
    await subject.users.create({ name: 'eve' })
    await until(() => !cache.isSynced)
    expect(cache.isSynced).toBe(false)
  })

  it('stops with its signal', async () => {
    const cache = createUserCache({ users: subject.users, clock: subject.clock })
    stop.abort()
    await cache.start(stop.signal)
    expect(cache.isSynced).toBe(false)
  })

  it('costs nothing while nothing changes', async () => {
    await started()
    await subject.compact()
    await subject.clock.advance(10_000_000)
    expect(subject.clock.pending).toBe(0)
  })
})

function bind(users: Users): Users {
  return {
    get: (id) => users.get(id),
    findByName: (name) => users.findByName(name),
    findByNamespace: (namespace) => users.findByNamespace(namespace),
    list: () => users.list(),
    create: (user) => users.create(user),
    setActive: (id, isActive) => users.setActive(id, isActive),
    updatePreferences: (id, change) => users.updatePreferences(id, change),
    watch: (options) => users.watch(options),
  }
}
