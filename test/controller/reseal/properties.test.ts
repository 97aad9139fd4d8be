import { array, assert, asyncProperty, constantFrom } from 'fast-check'
import { expect, it } from 'vitest'

import { ALONE, type Leadership } from '#controller/leadership.ts'
import { resealObject } from '#controller/reseal/reseal-object.ts'
import { watchSealedValues } from '#controller/reseal/rounds.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { authPlace } from '#secrets/places.ts'
import { kidOf, type Place, type Sealer } from '#secrets/seal.ts'
import { createCache } from '#store/cache.ts'
import { openSqliteStore, type SqliteStores } from '#store/sqlite/open.ts'
import type { NewObject, Store } from '#store/store.ts'
import { createUserCache } from '#store/user-cache.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }
const RUNTIMES = ['a', 'b', 'c', 'd']

/** What one stored value was sealed like. */
const anOrigin = constantFrom('new', 'old', 'older', 'gone', 'foreign', 'garbage')

/** What happens to one update: it works, or fails before or after it was done, or the process is killed there, or a person is faster. */
const anAccident = constantFrom(
  'none',
  'conflict',
  'away',
  'lost answer',
  'killed before',
  'killed after',
  'person',
)

/** A sealer without threads: its values carry what they are sealed with, never the same text twice. */
class OpenSealer implements Sealer {
  readonly keys = { current: 'new', all: ['older', 'old', 'new'] }
  #count = 0

  async seal(plaintext: Secret<string>, place: Place): Promise<string> {
    return this.sealWith('new', plaintext.open(), place)
  }

  sealWith(kid: string, text: string, place: Place): string {
    this.#count += 1
    const body = [place, text, this.#count]
    return [{ kid }, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  }

  async open(sealed: string, place: Place): Promise<Secret<string>> {
    const kid = kidOf(sealed)
    const [, body = ''] = sealed.split('.')
    if (kid === null || !this.keys.all.includes(kid)) throw new AppError('DECRYPT_FAILED', 'no such key')
    const [sealedFor, text] = JSON.parse(Buffer.from(body, 'base64url').toString()) as [Place, string]
    if (JSON.stringify(sealedFor) === JSON.stringify(place)) return new Secret(text)
    throw new AppError('DECRYPT_FAILED', 'sealed for another place')
  }
}

class World {
  readonly clock = new FakeClock()
  readonly sealer = new OpenSealer()
  readonly stores: SqliteStores
  readonly abort = new AbortController()
  readonly #accidents: string[]
  readonly #leadership: Leadership
  readonly #cache
  readonly #users
  /** Runtimes whose login a person replaced. */
  readonly uploaded = new Set<string>()
  #stop: () => void = () => undefined
  #life = { isOver: false }

  private constructor(stores: SqliteStores, accidents: readonly string[], leadership: Leadership) {
    this.stores = stores
    this.#leadership = leadership
    this.#accidents = [...accidents]
    const { store, users } = stores
    this.#cache = createCache({ store, kinds: ['UserRuntimeConfig', 'UserProxyConfig'], clock: this.clock })
    this.#users = createUserCache({ users, clock: this.clock })
  }

  static async make(
    origins: readonly string[],
    accidents: readonly string[],
    leadership: Leadership = ALONE,
  ): Promise<World> {
    const stores = await openSqliteStore({ path: ':memory:', clock: new FakeClock() })
    const world = new World(stores, accidents, leadership)
    await stores.users.create({ name: 'ada' })
    for (const [index, origin] of origins.entries()) {
      await stores.store.create('UserRuntimeConfig', world.#aConfig(RUNTIMES[index] ?? '', origin))
    }
    await Promise.all([world.#cache.start(world.abort.signal), world.#users.start(world.abort.signal)])
    world.begin()
    return world
  }

  /** A process starts. */
  begin(): void {
    const life = { isOver: false }
    this.#life = life
    const store = this.#troubled(life)
    this.#stop = watchSealedValues({
      store,
      cache: this.#cache,
      users: this.#users,
      sealer: this.sealer,
      clock: this.clock,
      logger: SILENT,
      leadership: this.#leadership,
    })
  }

  async configs(): Promise<ReadonlyMap<string, Config>> {
    const { items } = await this.stores.store.list('UserRuntimeConfig')
    return new Map(items.map((item) => [item.metadata.name, item]))
  }

  close(): void {
    this.#kill()
    this.abort.abort()
    this.stores.close()
  }

  #aConfig(runtime: string, origin: string): NewObject<'UserRuntimeConfig'> {
    const place = { ...authPlace({ id: '1', namespace: 'user-1' }, runtime) }
    const sealedFor = origin === 'foreign' ? { ...place, user: '2' } : place
    const kid = origin === 'foreign' ? 'old' : origin
    const text = `first ${runtime}`
    return {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'UserRuntimeConfig',
      metadata: { namespace: 'user-1', name: runtime },
      spec: {
        runtime,
        auth: {
          format: 'json',
          targetPath: '~/x.json',
          encryptedValue: origin === 'garbage' ? 'garbage' : this.sealer.sealWith(kid, text, sealedFor),
          sha256: 'a'.repeat(64),
          updatedAt: '2026-11-21T09:00:00.000Z',
        },
      },
    }
  }

  #kill(): void {
    this.#life.isOver = true
    this.#stop()
  }

  #troubled(life: { readonly isOver: boolean }): Pick<Store, 'get' | 'update'> {
    const { store } = this.stores
    return {
      get: (kind, key) => store.get(kind, key),
      update: async <K extends KindName>(kind: K, object: NewObject<K>) => {
        if (life.isOver) return new Promise<ObjectOf<K>>(() => undefined)
        const accident = this.#accidents.shift() ?? 'none'
        const never = async () => {
          this.#kill()
          this.begin()
          return new Promise<ObjectOf<K>>(() => undefined)
        }
        if (accident === 'conflict') throw new AppError('CONFLICT', 'somebody was faster')
        if (accident === 'away') throw new AppError('STORE_UNAVAILABLE', 'away')
        if (accident === 'killed before') return never()
        if (accident === 'person') await this.#upload(object.metadata.name)
        const updated = await store.update(kind, object)
        if (accident === 'lost answer') throw new AppError('STORE_UNAVAILABLE', 'away')
        return accident === 'killed after' ? never() : updated
      },
    }
  }

  /** A person stores another login, while the old one is being sealed anew. */
  async #upload(runtime: string): Promise<void> {
    const { store } = this.stores
    const object = await store.get('UserRuntimeConfig', { namespace: 'user-1', name: runtime })
    if (object.spec.auth === undefined) return
    const place = authPlace({ id: '1', namespace: 'user-1' }, runtime)
    const encryptedValue = this.sealer.sealWith('new', `second ${runtime}`, place)
    const auth = { ...object.spec.auth, encryptedValue, sha256: 'b'.repeat(64) }
    await store.update('UserRuntimeConfig', { ...object, spec: { ...object.spec, auth } })
    this.uploaded.add(runtime)
  }
}

const OPENS: ReadonlySet<string> = new Set(['new', 'old', 'older'])

type Auth = Config['spec']['auth']

/** How a value is to be at the end: as it was, or with what was in it, or with what a person stored. */
function rightful(world: World, runtime: string, { origin, was }: Origin) {
  if (!OPENS.has(origin)) return { auth: was, kid: null, text: null }
  const isUploaded = world.uploaded.has(runtime)
  const sha256 = (isUploaded ? 'b' : 'a').repeat(64)
  return {
    auth: { ...was, encryptedValue: null, sha256 },
    kid: 'new',
    text: `${isUploaded ? 'second' : 'first'} ${runtime}`,
  }
}

interface Origin {
  readonly origin: string
  readonly was: Auth
}

async function found(world: World, runtime: string, { origin, is }: { origin: string; is: Auth }) {
  if (!OPENS.has(origin)) return { auth: is, kid: null, text: null }
  const sealed = is?.encryptedValue ?? ''
  const opened = await world.sealer.open(sealed, authPlace({ id: '1', namespace: 'user-1' }, runtime))
  return { auth: { ...is, encryptedValue: null }, kid: kidOf(sealed), text: opened.open() }
}

it('whatever happens, every value that opens ends under the current key, holds what it held, and no write of others is lost', async () => {
  const origins = array(anOrigin, { minLength: 1, maxLength: RUNTIMES.length })
  const accidents = array(anAccident, { maxLength: 12 })
  await assert(
    asyncProperty(origins, accidents, async (sealedLike, happens) => {
      const world = await World.make(sealedLike, happens)
      try {
        const before = await world.configs()
        // Each round ends at most at one accident, and is a minute after the one before.
        for (let round = 0; round < happens.length + 2; round += 1) await world.clock.advance(61_000)
        const after = await world.configs()
        for (const [index, origin] of sealedLike.entries()) {
          const runtime = RUNTIMES[index] ?? ''
          const [was, is] = [before, after].map((configs) => configs.get(runtime)?.spec.auth)
          expect(await found(world, runtime, { origin, is })).toEqual(
            rightful(world, runtime, { origin, was }),
          )
        }
      } finally {
        world.close()
      }
    }),
    { numRuns: 60 },
  )
})

it('only who leads seals anew, from when it begins to lead until it ends', async () => {
  const listeners = new Set<(isLeader: boolean) => void>()
  const leadership = {
    isLeader: false,
    onChange: (listener: (isLeader: boolean) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const other = await World.make(['old', 'old', 'old', 'old'], [], leadership)
  const countNew = async () =>
    [...(await other.configs()).values()].filter(
      ({ spec }) => kidOf(spec.auth?.encryptedValue ?? '') === 'new',
    ).length
  const lead = (isLeader: boolean) => {
    leadership.isLeader = isLeader
    for (const listener of listeners) listener(isLeader)
  }
  await other.clock.advance(10 * 60_000)
  const counts = [await countNew()]
  lead(true)
  await other.clock.advance(5_060)
  counts.push(await countNew())
  lead(false)
  await other.clock.advance(10 * 60_000)
  counts.push(await countNew())
  lead(true)
  await other.clock.advance(6_000)
  counts.push(await countNew())
  expect(counts).toEqual([0, 2, 2, 4])
  other.close()
})

it('an object that is gone, or nobody’s, is none of its business', async () => {
  const stores = await openSqliteStore({ path: ':memory:', clock: new FakeClock() })
  const sealer = new OpenSealer()
  const deps = { store: stores.store, users: { findByNamespace: () => undefined }, sealer, logger: SILENT }
  const task = {
    kind: 'UserRuntimeConfig',
    key: { namespace: 'user-1', name: 'a' },
    keys: sealer.keys,
  } as const
  expect(await resealObject(task, deps)).toEqual({ replaced: [], left: [] })
  stores.close()
})
