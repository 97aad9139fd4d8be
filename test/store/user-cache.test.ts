import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { AppError } from '#core/errors.ts'
import { createUserCache } from '#store/user-cache.ts'
import type { Users } from '#store/users.ts'
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
