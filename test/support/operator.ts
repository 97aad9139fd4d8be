import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'

import type { ManagerDeps } from '#controller/deps.ts'
import { createManager, type Manager } from '#controller/manager.ts'
import type { Logger } from '#controller/ports.ts'
import { parseAuthDocument } from '#core/auth-document.ts'
import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { withRuntimePreference } from '#core/preferences.ts'
import { Secret } from '#core/secret.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { Sealer } from '#secrets/seal.ts'
import { type Cache, createCache } from '#store/cache.ts'
import type { SecretReader, SecretRef } from '#store/secret-reader.ts'
import { openSqliteStore, type SqliteStores } from '#store/sqlite/open.ts'
import { createUserCache, type UserCache } from '#store/user-cache.ts'
import type { User, Users } from '#store/users.ts'

import { FakeClock } from './fake-clock.ts'
import { Fleet, fleetDigestKey } from './fleet.ts'
import { until } from './until.ts'

const API_VERSION = 'agent.wecode.io/v1'

/** The pointers that {@link FleetDevice} reports by. */
export const FIELDS = { accountId: '/account/id', refreshToken: '/refresh', lastRefresh: '/last_refresh' }

/** What an operator under test is made of; everything has a default. */
export interface OperatorSetup {
  readonly clock?: Clock
  readonly path?: string
  readonly sealer?: Sealer
  readonly random?: () => number
  readonly logger?: Logger
  readonly fields?: ObjectOf<'Runtime'>['spec']['auth']['fields']
  readonly isEnabled?: boolean
  /** Stands between the users and their memory. */
  readonly wrapUsers?: (users: Users) => Users
  readonly secrets?: SecretReader
  /** What makes it one of several replicas. */
  readonly replica?: Pick<
    ManagerDeps,
    'gateway' | 'leadership' | 'replicas' | 'peers' | 'authority' | 'events'
  >
}

interface Running {
  readonly life: Life
  readonly manager: Manager
  readonly cache: Cache<KindName>
  readonly users: UserCache
  readonly registry: Registry
  readonly abort: AbortController
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** A real controller over a real SQLite store, with a fleet of devices in memory. */
export class Operator {
  readonly clock: Clock
  readonly fleet: Fleet
  readonly sealer: Sealer
  readonly stores: SqliteStores
  readonly #setup: OperatorSetup
  #running: Running

  private constructor(setup: OperatorSetup, stores: SqliteStores, clock: Clock) {
    this.#setup = setup
    this.stores = stores
    this.clock = clock
    this.fleet = new Fleet(() => clock.now())
    this.sealer = setup.sealer ?? PLAIN_SEALER
    this.#running = this.#create()
  }

  /** Opens the store, makes user `ada` (enabled for codex unless told otherwise) and runtime `codex`, and starts. */
  static async start(setup: OperatorSetup = {}): Promise<Operator> {
    const clock = setup.clock ?? new FakeClock()
    const stores = await openSqliteStore({ path: setup.path ?? ':memory:', clock })
    const operator = new Operator(setup, stores, clock)
    await operator.addRuntime('codex', setup.fields)
    await operator.addUser('ada', setup.isEnabled ?? true)
    await operator.#begin()
    return operator
  }

  /** Starts another process on the store of one that is there. */
  static async beside({ stores, clock, sealer }: Operator, setup: OperatorSetup): Promise<Operator> {
    const operator = new Operator({ ...setup, sealer }, stores, clock)
    await operator.#begin()
    return operator
  }

  /** The same, closed when the test ends. */
  static async forTest(setup: OperatorSetup = {}): Promise<Operator> {
    const operator = await Operator.start(setup)
    onTestFinished(() => operator.close())
    return operator
  }

  get manager(): Manager {
    return this.#running.manager
  }

  get registry(): Registry {
    return this.#running.registry
  }

  get cache(): Cache<KindName> {
    return this.#running.cache
  }

  /** The process is killed: nothing it had begun goes on. Another one starts on the same store; devices have to connect again. */
  async crash(): Promise<void> {
    this.#running.life.isOver = true
    this.#running.abort.abort()
    this.fleet.forgetAll()
    this.#running = this.#create()
    await this.#begin()
  }

  /** The process is killed, and none comes in its place. */
  kill(): void {
    this.#running.life.isOver = true
    this.#running.abort.abort()
    this.fleet.forgetAll()
  }

  async close(): Promise<void> {
    this.#running.abort.abort()
    await settle()
    this.stores.close()
  }

  async addUser(name: string, isEnabled = true): Promise<User> {
    const user = await this.stores.users.create({ name })
    if (isEnabled) await this.enable({ user: name })
    return user
  }

  async addRuntime(name: string, fields?: ObjectOf<'Runtime'>['spec']['auth']['fields']): Promise<void> {
    await this.stores.store.create('Runtime', {
      apiVersion: API_VERSION,
      kind: 'Runtime',
      metadata: { name },
      spec: {
        displayName: name,
        auth: {
          targetPath: `~/.${name}/auth.json`,
          format: 'json',
          validation: { maxBytes: 524_288 },
          ...(fields && { fields }),
        },
      },
    })
  }

  async enable({ user = 'ada', runtime = 'codex', isEnabled = true } = {}): Promise<void> {
    const found = await this.user(user)
    const preferences = withRuntimePreference(found.preferences, runtime, { useUserConfig: isEnabled })
    await this.stores.users.updatePreferences(found.id, {
      expectedVersion: found.resourceVersion,
      preferences,
    })
  }

  /** Stores a document as the API does; `changes` go into `spec.auth`, or into `spec` for `suspend`. */
  async upload(text: string, options: UploadOptions = {}): Promise<ObjectOf<'UserRuntimeConfig'>> {
    const { user = 'ada', runtime = 'codex', suspend, ...policies } = options
    const { id, namespace } = await this.user(user)
    const document = parseAuthDocument(text, { maxBytes: 524_288 })
    const place = {
      user: id,
      kind: 'UserRuntimeConfig',
      namespace,
      name: runtime,
      field: 'spec.auth.encryptedValue',
    }
    const encryptedValue = await this.sealer.seal(document.normalForm, place)
    const updatedAt = new Date(this.clock.now()).toISOString()
    const before = await this.config({ user, runtime })
    const stored = { encryptedValue, sha256: document.sha256, updatedAt, ...policies }
    const auth = {
      format: 'json' as const,
      targetPath: `~/.${runtime}/auth.json`,
      ...before?.spec.auth,
      ...stored,
    }
    const spec = { ...before?.spec, runtime, auth, updatedAt, ...(suspend !== undefined && { suspend }) }
    return before === undefined
      ? this.stores.store.create('UserRuntimeConfig', {
          apiVersion: API_VERSION,
          kind: 'UserRuntimeConfig',
          metadata: { namespace, name: runtime },
          spec,
        })
      : this.stores.store.update('UserRuntimeConfig', { ...before, spec })
  }

  /** Says that the login is in a Secret, as a manifest does. */
  async refer(
    secretRef: SecretRef = { name: 'login', key: 'auth.json' },
    policies: Pick<UploadOptions, 'updatePolicy' | 'removalPolicy'> = {},
  ): Promise<ObjectOf<'UserRuntimeConfig'>> {
    const auth = { format: 'json' as const, targetPath: '~/.codex/auth.json', secretRef, ...policies }
    const spec = { runtime: 'codex', auth }
    const before = await this.config()
    if (before !== undefined) return this.stores.store.update('UserRuntimeConfig', { ...before, spec })
    const { namespace } = await this.user()
    return this.stores.store.create('UserRuntimeConfig', {
      apiVersion: API_VERSION,
      kind: 'UserRuntimeConfig',
      metadata: { namespace, name: 'codex' },
      spec,
    })
  }

  async user(name = 'ada'): Promise<User> {
    const found = await this.stores.users.findByName(name)
    if (found === undefined) throw new Error(`no user ${name}`)
    return found
  }

  /** Takes the stored document away and leaves its policies, as the API does. */
  async deleteDocument(options: { readonly user?: string; readonly runtime?: string } = {}): Promise<void> {
    const before = await this.config(options)
    if (before?.spec.auth === undefined) return
    const { encryptedValue: _value, sha256: _sha256, updatedAt: _at, ...auth } = before.spec.auth
    await this.stores.store.update('UserRuntimeConfig', { ...before, spec: { ...before.spec, auth } })
  }

  async config({ user = 'ada', runtime = 'codex' } = {}): Promise<ObjectOf<'UserRuntimeConfig'> | undefined> {
    const namespace = (await this.stores.users.findByName(user))?.namespace ?? ''
    const { items } = await this.stores.store.list('UserRuntimeConfig', { namespace })
    return items.find((item) => item.metadata.name === runtime)
  }

  async device(deviceId = 'device-1', namespace = 'user-1'): Promise<ObjectOf<'Device'> | undefined> {
    const { items } = await this.stores.store.list('Device', { namespace })
    return items.find((item) => item.spec.deviceId === deviceId)
  }

  async explain(deviceId = 'device-1', runtime = 'codex', namespace = 'user-1') {
    return this.manager.authSync.explain({ namespace, deviceId }, runtime)
  }

  /** Lets time pass, and everything that follows from it happen. */
  async pass(ms: number): Promise<void> {
    if (!(this.clock instanceof FakeClock)) throw new Error('time passes by itself')
    await settle()
    await this.clock.advance(ms)
    await settle()
  }

  /** Waits until something is so, letting the event loop turn. */
  async until(isSo: () => boolean): Promise<void> {
    await until(isSo)
  }

  #create(): Running {
    const life: Life = { isOver: false }
    const clock = mortalClock(this.clock, life)
    const store = mortal(this.stores.store, life)
    const random = this.#setup.random ?? (() => 1)
    const cache: Cache<KindName> = createCache({
      store,
      kinds: ['Runtime', 'UserRuntimeConfig', 'UserProxyConfig', 'Device', 'ManagedRuntimeConfig', 'User'],
      clock,
    })
    const { wrapUsers = (users: Users) => users } = this.#setup
    const users = createUserCache({ users: wrapUsers(this.stores.users), clock })
    const registry = new Registry()
    const manager = createManager({
      store,
      cache,
      users,
      sealer: this.sealer,
      channel: mortal(this.fleet, life),
      reports: this.fleet,
      deviceKeys: { deviceKey: fleetDigestKey },
      clock,
      random,
      logger: this.#setup.logger ?? SILENT,
      registry,
      ...(this.#setup.secrets && { secrets: this.#setup.secrets }),
      ...this.#setup.replica,
    })
    return { life, manager, cache, users, registry, abort: new AbortController() }
  }

  async #begin(): Promise<void> {
    const { manager, cache, users, abort } = this.#running
    await Promise.all([cache.start(abort.signal), users.start(abort.signal)])
    await manager.start(abort.signal)
  }
}

/** One process, from its start to its end. */
interface Life {
  isOver: boolean
}

/** Of a process that was killed no timer fires any more. */
function mortalClock(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (delayMs, task) => clock.after(delayMs, () => (life.isOver ? undefined : task())),
  }
}

/** Of a process that was killed no call gets through any more, and no answer comes back. */
function mortal<T extends object>(target: T, life: Life): T {
  return new Proxy(target, {
    get: (_target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (name === 'watch') return member.bind(target)
      return async (...args: unknown[]) => {
        if (life.isOver) return new Promise(() => undefined)
        const result: unknown = await Reflect.apply(member, target, args)
        return life.isOver ? new Promise(() => undefined) : result
      }
    },
  })
}

interface UploadOptions {
  readonly user?: string
  readonly runtime?: string
  readonly suspend?: boolean
  readonly updatePolicy?: 'IfMissing' | 'IfStale'
  readonly removalPolicy?: 'Retain' | 'RemoveManaged'
}

/** A document's normal form. */
export function normal(text: string): string {
  return parseAuthDocument(text, { maxBytes: 524_288 }).normalForm.open()
}

/** Seals without a thread of its own, so that a run is the same each time; bound to its place like the real one. */
const PLAIN_SEALER: Sealer = {
  seal: async (plaintext, place) => JSON.stringify([JSON.stringify(place), plaintext.open()]),
  open: async (sealed, place) => {
    const [sealedFor, text] = JSON.parse(sealed) as [string, string]
    if (sealedFor === JSON.stringify(place)) return new Secret(text)
    throw new AppError('DECRYPT_FAILED', 'sealed for another place')
  },
}

/** Lets everything that is under way, threads of the cryptography included, come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
