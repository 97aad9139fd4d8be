import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { Registry } from 'prom-client'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import { systemClock } from '#cli/system-clock.ts'
import { createControllerMetrics } from '#controller/metrics.ts'
import { createReconcileQueue } from '#controller/reconcile-queue.ts'
import { reconcileUserStatus } from '#controller/user/reconcile.ts'
import { watchUsers } from '#controller/user/watches.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import { UserClaims } from '#core/user-claims.ts'
import { API_VERSION } from '#crds/group.ts'
import { type Cache, createCache } from '#store/cache.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { openPeople } from '#test/support/kubernetes-people.ts'

import { applyDefinitions, kubectl } from './kubectl.ts'

beforeAll(applyDefinitions)

let people: Awaited<ReturnType<typeof openPeople>>
let clock: FakeClock
let cache: Cache<'User'>
let queue: Workqueue
let life: AbortController
let stop: () => void
let taken: string[]
let team: (name: string) => string

beforeEach(async () => {
  people = await openPeople(inject('kubeconfig'))
  clock = new FakeClock(Date.now())
  life = new AbortController()
  cache = createCache({ store: people.store, kinds: ['User'], clock: systemClock })
  taken = []
  const suffix = randomBytes(4).toString('hex')
  team = (name) => `team-${name}-${suffix}`
  await cache.start(life.signal)
  lead()
})
afterEach(async () => {
  stop()
  life.abort()
  await queue.stop({ flush: false })
  await people.close()
})

/** Begins to lead. */
function lead(): void {
  const userClaims = new UserClaims()
  const { store, namespaces: userNamespaces } = people
  const again = (name: string, delayMs: number) => queue.addAfter(name, delayMs, 'resync')
  const deps = { store, cache, clock, userClaims, userNamespaces, again }
  queue = createReconcileQueue({
    clock,
    random: () => 0,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: createControllerMetrics(new Registry(), clock),
    name: 'user',
    concurrency: 4,
    reconcile: async (name) => {
      taken.push(name)
      await reconcileUserStatus(name, deps)
    },
  })
  queue.start()
  stop = watchUsers(deps, queue)
}

function make(name: string, spec = {}) {
  return people.store.create('User', {
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: { name },
    spec: { subject: `subject-of-${name}`, namespace: team(name), ...spec },
  })
}

/** Waits until memory shows this reason, for this very generation. */
async function readyIs(name: string, reason: string) {
  const ready = () => {
    const user = cache.get('User', { name })
    const isCurrent = user?.status?.observedGeneration === user?.metadata.generation
    return isCurrent ? user?.status?.conditions?.[0] : undefined
  }
  await expect.poll(() => ready()?.reason, { timeout: 30_000, interval: 10 }).toBe(reason)
  return ready()
}

async function hasNamespace(name: string): Promise<boolean> {
  return (await kubectl(['get', 'namespace', name])).code === 0
}

// Times of creation have whole seconds, and of two of one second the name decides.
async function inTheNextSecond(): Promise<void> {
  await pause(1000 - (Date.now() % 1000) + 50)
}

describe('the status of a User', () => {
  it('says that the user is served when the namespace is there, and kubectl shows it', async () => {
    await make('ada')
    expect(await readyIs('ada', 'NamespaceReady')).toMatchObject({
      type: 'Ready',
      status: 'True',
      message: 'The user is served, and the namespace is there.',
    })
    expect(await hasNamespace(team('ada'))).toBe(true)
    const { stdout } = await kubectl(['get', 'users.agent.wecode.io', '--output=wide'])
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/))
    expect(rows[0]).toEqual(['NAME', 'SUBJECT', 'NAMESPACE', 'ROLE', 'SUSPENDED', 'READY', 'REASON', 'AGE'])
    expect(stdout).toMatch(/^ada +subject-of-ada +team-ada-\S+ +True +NamespaceReady /m)
    const waited = await kubectl(['wait', '--for=condition=Ready', 'users.agent.wecode.io/ada'])
    expect(waited.code).toBe(0)
  })

  it('says it of Users of before too, and leaves those alone that say it already', async () => {
    stop()
    await make('ada')
    await expect.poll(() => cache.get('User', { name: 'ada' }), { timeout: 30_000 }).toBeDefined()
    lead()
    await readyIs('ada', 'NamespaceReady')
    stop()
    taken.length = 0
    lead()
    await make('bob')
    await readyIs('bob', 'NamespaceReady')
    expect(taken).toEqual(['bob'])
  })

  it('says that the subject is taken, makes no namespace then, and is settled anew when the owner is gone', async () => {
    await make('zoe')
    await inTheNextSecond()
    await make('eve', { subject: 'subject-of-zoe' })
    expect(await readyIs('eve', 'SubjectTaken')).toMatchObject({
      status: 'False',
      message:
        'User zoe is older and has the same subject. Delete one of the two, or give this one another subject.',
    })
    expect((await readyIs('zoe', 'NamespaceReady'))?.status).toBe('True')
    expect(await hasNamespace(team('eve'))).toBe(false)
    await people.store.delete('User', { name: 'zoe' })
    expect((await readyIs('eve', 'NamespaceReady'))?.status).toBe('True')
    expect(await hasNamespace(team('eve'))).toBe(true)
  })

  it('says that the namespace is taken, and by whom', async () => {
    await make('zoe')
    await inTheNextSecond()
    await make('eve', { namespace: team('zoe') })
    const { message } = (await readyIs('eve', 'NamespaceTaken')) ?? {}
    expect(message).toBe(
      `User zoe is older and has the namespace ${team('zoe')}. Delete one of the two, or give this one another namespace by making it anew.`,
    )
  })

  it('waits while the namespace is being deleted, and makes it again when it is gone', async () => {
    const name = team('ada')
    await people.namespaces.ensure({ id: 'somebody', namespace: name })
    await kubectl(['delete', 'namespace', name, '--wait=false'])
    await make('ada')
    expect((await readyIs('ada', 'NamespaceTerminating'))?.status).toBe('False')
    const { stdout } = await kubectl(['get', 'namespace', name, '--output=json'])
    // What the namespace controller does when everything in it is gone.
    const finished = JSON.stringify({ ...JSON.parse(stdout), spec: { finalizers: [] } })
    await kubectl(['replace', '--raw', `/api/v1/namespaces/${name}/finalize`, '-f', '-'], finished)
    expect(await hasNamespace(name)).toBe(false)
    await clock.advance(30_000)
    expect((await readyIs('ada', 'NamespaceReady'))?.status).toBe('True')
    expect(await hasNamespace(name)).toBe(true)
  })

  it('follows a change of the spec, and not its own writes', async () => {
    await make('ada')
    await readyIs('ada', 'NamespaceReady')
    await people.users.setActive('ada', false)
    await expect
      .poll(() => cache.get('User', { name: 'ada' })?.metadata.generation, { timeout: 30_000 })
      .toBe(2)
    await readyIs('ada', 'NamespaceReady')
    await inTheNextSecond()
    expect(taken).toEqual(['ada', 'ada'])
  })
})
