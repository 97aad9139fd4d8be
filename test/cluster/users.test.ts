import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { USER_LABEL } from '#store/kubernetes/namespaces.ts'
import type { User, UserEvent } from '#store/users.ts'
import { connectPeople, openPeople } from '#test/support/kubernetes-people.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let people: Awaited<ReturnType<typeof openPeople>>
let suffix: string
beforeEach(async () => {
  people = await openPeople(inject('kubeconfig'))
  suffix = randomBytes(4).toString('hex')
})
afterEach(() => people.close())

/** A User object as an administrator writes it. */
function aUser(name: string, spec: Partial<ObjectOf<'User'>['spec']> = {}) {
  const namespace = `team-${name}-${suffix}`
  return {
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: { name },
    spec: { subject: `subject-of-${name}`, namespace, ...spec },
  } as const
}

// Times of creation have whole seconds, and of two of one second the name decides.
async function inTheNextSecond(): Promise<void> {
  await pause(1000 - (Date.now() % 1000) + 50)
}

describe('a User of a manifest', () => {
  it('is the user it says, with its labels', async () => {
    const preferences = { runtime_configs: { codex: { use_user_config: true } } }
    const spec = { subject: 'auth0|1', email: 'ada@example.com', role: 'admin', preferences } as const
    const manifest = aUser('ada', spec)
    await people.store.create('User', { ...manifest, metadata: { name: 'ada', labels: { tier: 'gold' } } })
    const user = await people.users.findByName('auth0|1')
    expect(user).toEqual({
      id: 'ada',
      name: 'auth0|1',
      email: 'ada@example.com',
      role: 'admin',
      namespace: manifest.spec.namespace,
      isActive: true,
      preferences,
      labels: { tier: 'gold' },
      resourceVersion: user?.resourceVersion,
    })
    expect(await people.users.get('ada')).toEqual(user)
    expect(await people.users.findByNamespace(manifest.spec.namespace)).toEqual(user)
  })

  it('is deactivated by spec.suspend, and suspended by being deactivated', async () => {
    await people.store.create('User', aUser('ada', { suspend: true }))
    expect(await people.users.get('ada')).toMatchObject({ isActive: false })
    await people.users.setActive('ada', true)
    expect((await people.store.get('User', { name: 'ada' })).spec.suspend).toBe(false)
  })

  it('is the same version when only its status changes, and another one with other labels', async () => {
    const made = await people.store.create('User', aUser('ada'))
    const before = await people.users.get('ada')
    const status = { observedGeneration: 1 }
    const judged = await people.store.updateStatus('User', { ...made, status })
    expect(await people.users.get('ada')).toEqual(before)
    await people.store.update('User', { ...judged, metadata: { ...judged.metadata, labels: { a: 'b' } } })
    expect((await people.users.get('ada'))?.resourceVersion).not.toBe(before?.resourceVersion)
  })

  it('keeps what others wrote when its preferences are replaced', async () => {
    const labels = { tier: 'gold' }
    await people.store.create('User', { ...aUser('ada'), metadata: { name: 'ada', labels } })
    const { resourceVersion = '' } = (await people.users.get('ada')) ?? {}
    const change = { expectedVersion: resourceVersion, preferences: { a: null, b: [{}] } }
    const updated = await people.users.updatePreferences('ada', change)
    expect(updated).toMatchObject({ preferences: change.preferences, labels })
  })
})

describe('of two Users with one', () => {
  it.each([
    ['subject', { subject: 'subject-of-ada' }],
    ['namespace', 'namespace'],
  ] as const)('%s the older one is served, and the other one is nobody', async (_what, shared) => {
    const ada = await people.store.create('User', aUser('zada', { subject: 'subject-of-ada' }))
    await inTheNextSecond()
    const spec = shared === 'namespace' ? { namespace: ada.spec.namespace } : shared
    const eve = await people.store.create('User', aUser('eve', spec))
    expect((await people.users.list()).map(({ id }) => id)).toEqual(['zada'])
    expect(await people.users.get('eve')).toBeUndefined()
    expect((await people.users.findByName(ada.spec.subject))?.id).toBe('zada')
    expect((await people.users.findByNamespace(ada.spec.namespace))?.id).toBe('zada')
    const found = [
      await people.users.findByName(eve.spec.subject),
      await people.users.findByNamespace(eve.spec.namespace),
    ]
    expect(found.map((user) => user?.id ?? '').toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['', 'zada'])
    const change = people.users.setActive('eve', false)
    await expect(change).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await people.store.delete('User', { name: 'zada' })
    expect((await people.users.list()).map(({ id }) => id)).toEqual(['eve'])
  })
})

describe('a user who is made here', () => {
  it('is named after the subject, and gets a namespace that says whose it is', async () => {
    const name = `grace-${suffix}`
    expect(await people.users.create({ name })).toMatchObject({ id: name, namespace: `user-${name}` })
    const { stdout } = await kubectl(['get', 'namespace', `user-${name}`, '--output=json'])
    expect(JSON.parse(stdout).metadata.labels).toMatchObject({ [USER_LABEL]: name })
  })

  it.each([
    'ada@example.com',
    'user-0123456789abcdef0123456789abcdef',
    'a'.repeat(41),
    'f'.repeat(32),
    'a.b',
  ])('is named after the hash of the subject "%s", which is no name or looks like a hash', async (name) => {
    const { id, namespace } = await people.users.create({ name })
    expect(id).toMatch(/^user-[0-9a-f]{32}$/)
    expect([namespace, id === name]).toEqual([id, false])
  })

  it('is named after the hash when another User has that name', async () => {
    await people.store.create('User', aUser('ada'))
    expect((await people.users.create({ name: 'ada' })).id).toMatch(/^user-[0-9a-f]{32}$/)
  })

  it('is refused when somebody else made a namespace of that name', async () => {
    const name = `mallory-${suffix}`
    await kubectl(['create', 'namespace', `user-${name}`])
    await expect(people.users.create({ name })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    expect(await people.users.list()).toEqual([])
    await kubectl(['label', 'namespace', `user-${name}`, `${USER_LABEL}=${name}`])
    expect(await people.users.create({ name })).toMatchObject({ namespace: `user-${name}` })
  })

  it('has to wait while the namespace is being deleted', async () => {
    const name = `trent-${suffix}`
    await people.users.create({ name })
    await people.store.delete('User', { name })
    await kubectl(['delete', 'namespace', `user-${name}`, '--wait=false'])
    await expect(people.users.create({ name })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('is made once by ten who try at once', async () => {
    const name = `carol-${suffix}`
    const others = await Promise.all(Array.from({ length: 10 }, () => connectPeople(inject('kubeconfig'))))
    const outcomes = await Promise.allSettled(others.map(({ users }) => users.create({ name })))
    for (const other of others) other.close()
    const codes = outcomes.map((one) => String(one.status === 'fulfilled' ? 'made' : one.reason.code))
    expect(codes.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      ...Array.from({ length: 9 }, () => 'ALREADY_EXISTS'),
      'made',
    ])
    expect((await people.users.list()).map(({ id }) => id)).toEqual([name])
  })
})

describe('the namespace of a user', () => {
  it('is made when it is missing, and said to be terminating while it goes away', async () => {
    const user = { id: 'ada', namespace: `team-${suffix}` }
    expect(await people.namespaces.ensure(user)).toBe('ready')
    expect(await people.namespaces.ensure(user)).toBe('ready')
    await kubectl(['delete', 'namespace', user.namespace, '--wait=false'])
    expect(await people.namespaces.ensure(user)).toBe('terminating')
  })
})

describe('a watch of the users', () => {
  let stop: AbortController
  let events: AsyncIterator<UserEvent>
  const next = async () => {
    const { value, done } = await events.next()
    if (done === true) throw new Error('the watch ended')
    const { type, user } = value
    return `${type} ${user.id}`
  }
  const watch = (known: readonly User[] = []) => {
    events = people.users.watch({ known, signal: stop.signal })[Symbol.asyncIterator]()
  }
  beforeEach(() => {
    stop = new AbortController()
  })
  afterEach(async () => {
    stop.abort()
    await events.next().catch(() => undefined)
  })

  it('shows the heir of a subject when its owner is gone', async () => {
    await people.store.create('User', aUser('zada'))
    await inTheNextSecond()
    await people.store.create('User', aUser('eve', { subject: 'subject-of-zada' }))
    watch()
    expect(await next()).toBe('ADDED zada')
    await people.store.delete('User', { name: 'zada' })
    expect([await next(), await next()]).toEqual(['DELETED zada', 'ADDED eve'])
  })

  it('shows who loses by a change of somebody older', async () => {
    const ada = await people.store.create('User', aUser('ada'))
    await inTheNextSecond()
    const bob = await people.store.create('User', aUser('bob'))
    watch()
    expect([await next(), await next()]).toEqual(['ADDED ada', 'ADDED bob'])
    await people.store.update('User', { ...ada, spec: { ...ada.spec, subject: bob.spec.subject } })
    expect([await next(), await next()]).toEqual(['DELETED bob', 'MODIFIED ada'])
  })

  it('tells who is gone of those one knew, and nothing of those who are as they were', async () => {
    await people.store.create('User', aUser('ada'))
    await people.store.create('User', aUser('bob'))
    const known = await people.users.list()
    await people.store.delete('User', { name: 'ada' })
    watch(known)
    expect(await next()).toBe('DELETED ada')
    await people.users.setActive('bob', false)
    expect(await next()).toBe('MODIFIED bob')
  })

  it('says nothing of a change of a status', async () => {
    const made = await people.store.create('User', aUser('ada'))
    watch()
    expect(await next()).toBe('ADDED ada')
    await people.store.updateStatus('User', { ...made, status: { observedGeneration: 1 } })
    await people.users.setActive('ada', false)
    expect(await next()).toBe('MODIFIED ada')
  })
})
