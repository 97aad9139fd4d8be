import { systemClock } from '#cli/system-clock.ts'
import { type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import type { KubeClient, RequestFact } from '#store/kubernetes/client.ts'
import { type KubernetesStores, openKubernetes } from '#store/kubernetes/open.ts'
import type { Lease } from '#store/leases.ts'
import { eventually } from '#test/support/installation.ts'
import { aManifest, HASH } from '#test/support/manifests.ts'

import { type Grant, nameOf } from './rbac-grants.ts'

/** One operator, as the adapters make it, and every request that it made. */
export interface Actor extends KubernetesStores {
  readonly facts: readonly RequestFact[]
}

/** Connects as whoever a kubeconfig names. */
export async function openActor(kubeconfig: string, namespace: string): Promise<Actor> {
  const facts: RequestFact[] = []
  const stores = await openKubernetes({
    kubeconfig,
    namespace,
    clock: systemClock,
    random: Math.random,
    logger: { warn: () => undefined },
    onRequest: (fact) => void facts.push(fact),
  })
  return { ...stores, facts }
}

/** What an act works with: the operator under test, and an administrator who prepares things. */
export interface Stage {
  readonly actor: Actor
  readonly admin: KubernetesStores
  /** The administrator's, for what the adapters never do. */
  readonly client: KubeClient
}

/** Does what needs one grant, on objects of its own. */
export type Act = (stage: Stage) => Promise<unknown>

let made = 0

/** The act that needs this grant. */
export function actOf(grant: Grant): Act {
  const act = ACTS.get(nameOf(grant))
  if (act === undefined) throw new Error(`nothing here needs to ${nameOf(grant)}: take it out of the chart`)
  return act
}

const ACTS: ReadonlyMap<string, Act> = new Map<string, Act>([
  ...Object.values(KINDS)
    .filter(({ name }) => name !== 'User')
    .flatMap(({ name, plural }) => actsOnKind(name, plural)),
  ['get users (cluster)', async ({ actor, admin }) => actor.users.get((await aUser(admin)).id)],
  ['list users (cluster)', ({ actor }) => actor.users.list()],
  ['watch users (cluster)', (stage) => firstOf(stage, 'User')],
  ['create users (cluster)', ({ actor }) => actor.users.create({ name: fresh('person') })],
  [
    'update users (cluster)',
    async ({ actor, admin }) => actor.users.setActive((await aUser(admin)).id, false),
  ],
  [
    'patch users/status (cluster)',
    async ({ actor, admin }) => {
      const { id } = await aUser(admin)
      return applyStatus(actor, 'User', await admin.store.get('User', { name: id }))
    },
  ],
  ['get namespaces (cluster)', ({ actor }) => actor.userNamespaces.ensure({ id: 'x', namespace: 'default' })],
  [
    'create namespaces (cluster)',
    ({ actor }) => {
      const namespace = fresh('ns')
      return actor.userNamespaces.ensure({ id: namespace, namespace })
    },
  ],
  ['create tokenreviews (cluster)', ({ actor }) => actor.tokenReviews.review('not-a-token', [])],
  [
    'create events (cluster)',
    async ({ actor, admin }) => {
      actor.events.record(await anEvent(admin))
      await eventually('the event', async () => actor.facts.find(({ resource }) => resource === 'events'))
    },
  ],
  [
    'patch events (cluster)',
    async ({ actor, admin }) => {
      const event = await anEvent(admin)
      actor.events.record(event)
      await eventually('the event', async () => actor.facts.find(({ resource }) => resource === 'events'))
      actor.events.record(event)
      // What is only a count waits for a minute, or for the end.
      await actor.close()
    },
  ],
  ['get leases (namespace)', ({ actor }) => actor.leases.get('absent')],
  ['list leases (namespace)', ({ actor }) => actor.leases.list('a=b')],
  ['create leases (namespace)', ({ actor }) => actor.leases.create(aLease())],
  [
    'update leases (namespace)',
    async ({ actor, admin }) => actor.leases.update(await admin.leases.create(aLease())),
  ],
  [
    'delete leases (namespace)',
    async ({ actor, admin }) => actor.leases.delete(await admin.leases.create(aLease())),
  ],
  ['get secrets (namespace)', ({ actor }) => actor.tokens.findByHash(HASH)],
  ['list secrets (namespace)', ({ actor }) => actor.tokens.list('nobody')],
  ['watch secrets (namespace)', watchTokens],
  [
    'create secrets (namespace)',
    ({ actor }) => actor.tokens.revokeSigned(fresh('jti'), '2030-01-01T00:00:00Z'),
  ],
  [
    'update secrets (namespace)',
    async ({ actor, admin }) => {
      const jti = fresh('jti')
      await admin.tokens.revokeSigned(jti, '2030-01-01T00:00:00Z')
      await actor.tokens.revokeSigned(jti, '2031-01-01T00:00:00Z')
    },
  ],
  [
    'delete secrets (namespace)',
    async ({ actor, admin }) => {
      await admin.tokens.revokeSigned(fresh('jti'), '2020-01-01T00:00:00Z')
      const stop = new AbortController()
      await actor.start(stop.signal)
      try {
        await actor.sweep()
      } finally {
        stop.abort()
      }
    },
  ],
  [
    'get secrets (cluster)',
    ({ actor }) => actor.secrets.read('default', { name: 'absent', key: 'x' }).catch(unlessMissing),
  ],
  ['list secrets (cluster)', watchUsersSecrets],
  ['watch secrets (cluster)', watchUsersSecrets],
])

function actsOnKind(kind: KindName, plural: string): readonly (readonly [string, Act])[] {
  return [
    [
      `get ${plural} (cluster)`,
      async ({ actor, admin }) => actor.store.get(kind, keyOf(await make(admin, kind))),
    ],
    [`list ${plural} (cluster)`, ({ actor }) => actor.store.list(kind)],
    [`watch ${plural} (cluster)`, (stage) => firstOf(stage, kind)],
    [
      `create ${plural} (cluster)`,
      async ({ actor, admin }) => actor.store.create(kind, await aFresh(admin, kind)),
    ],
    [
      `update ${plural} (cluster)`,
      async ({ actor, admin }) => {
        const { metadata, ...rest } = await make(admin, kind)
        return actor.store.update(kind, {
          ...rest,
          metadata: { ...metadata, labels: { changed: 'yes' } },
        })
      },
    ],
    [
      `delete ${plural} (cluster)`,
      async ({ actor, admin }) => actor.store.delete(kind, keyOf(await make(admin, kind))),
    ],
    [
      `patch ${plural}/status (cluster)`,
      async ({ actor, admin }) => applyStatus(actor, kind, await make(admin, kind)),
    ],
  ]
}

/** A complete object of a kind under a name of its own, or in a namespace of its own. */
async function aFresh(admin: KubernetesStores, kind: KindName): Promise<ObjectOf<KindName>> {
  if (!KINDS[kind].isNamespaced)
    return aManifest(kind, { metadata: { name: fresh('object') } }) as unknown as ObjectOf<KindName>
  const namespace = fresh('ns')
  await admin.userNamespaces.ensure({ id: namespace, namespace })
  return aManifest(kind, { metadata: { namespace } }) as unknown as ObjectOf<KindName>
}

async function make(admin: KubernetesStores, kind: KindName): Promise<ObjectOf<KindName>> {
  return admin.store.create(kind, await aFresh(admin, kind))
}

function applyStatus(actor: Actor, kind: KindName, object: ObjectOf<KindName>): Promise<unknown> {
  const { status } = aManifest(kind) as { readonly status?: unknown }
  return actor.store.updateStatus(kind, { ...object, status } as ObjectOf<KindName>)
}

/** Watches from what is there now until something is made. */
async function firstOf({ actor, admin }: Stage, kind: KindName): Promise<void> {
  const stop = new AbortController()
  const { metadata } = await admin.store.list(kind, { limit: 1 })
  const events = actor.store.watch(kind, { ...metadata, signal: stop.signal })[Symbol.asyncIterator]()
  await Promise.all([events.next(), kind === 'User' ? aUser(admin) : make(admin, kind)])
  stop.abort()
  await events.next()
}

interface Watched {
  /** Whether this request says that the watch cannot be. */
  readonly isRefusal: (fact: RequestFact) => boolean
  /** Changes something, and tells how to know that it was seen. */
  readonly change: () => Promise<() => boolean | Promise<boolean>>
}

/** Lets the watches of the adapters run until they have seen a change, or until one was refused. */
async function watchSecrets({ actor }: Stage, { isRefusal, change }: Watched): Promise<void> {
  const stop = new AbortController()
  const started = actor.start(stop.signal)
  const isRefused = () => actor.facts.some((fact) => isRefusal(fact) && fact.code === 403)
  const isSeen = await change()
  await eventually('the change, or a refusal', async () => isRefused() || isSeen())
  stop.abort()
  await started
  await eventually('the end of the watch', async () => isRefused() || actor.facts.some(isWatch))
}

function isWatch({ verb, resource }: RequestFact): boolean {
  return verb === 'watch' && resource === 'secrets'
}

/** A token that is revoked is known without a question, once it was seen. */
function watchTokens(stage: Stage): Promise<void> {
  const { actor, admin } = stage
  return watchSecrets(stage, {
    isRefusal: isWatch,
    change: async () => {
      const jti = fresh('jti')
      const isRead = ({ resource, code }: RequestFact) => resource === 'secrets' && code === 200
      await eventually('a complete memory', async () => actor.facts.some(isRead))
      await admin.tokens.revokeSigned(jti, '2030-01-01T00:00:00Z')
      return () => actor.tokens.isSignedRevoked(jti)
    },
  })
}

function watchUsersSecrets(stage: Stage): Promise<void> {
  const { actor, client } = stage
  return watchSecrets(stage, {
    isRefusal: ({ resource }) => resource === 'secrets',
    change: async () => {
      const name = fresh('secret')
      const seen: string[] = []
      actor.secrets.onChange((_namespace, changed) => void seen.push(changed))
      const metadata = { name, labels: { 'agent.wecode.io/runtime-config': 'true' } }
      const body = { apiVersion: 'v1', kind: 'Secret', metadata }
      // Made before the list has ended, it would be seen without any watch. Tokens are listed as well.
      const lists = () =>
        actor.facts.filter(({ verb, resource }) => verb === 'list' && resource === 'secrets')
      const isListed = () => lists().length > 1 || lists().some(({ code }) => code === 403)
      await eventually('the list', async () => isListed())
      await client.request({ method: 'POST', path: '/api/v1/namespaces/default/secrets', body })
      return () => seen.includes(name)
    },
  })
}

async function aUser(admin: KubernetesStores): Promise<{ readonly id: string }> {
  return admin.users.create({ name: fresh('person') })
}

async function anEvent(admin: KubernetesStores) {
  const object = await make(admin, 'Device')
  return { object, type: 'Normal' as const, reason: 'Tested', message: 'it was tested', action: 'Test' }
}

function aLease(): Lease {
  const now = Date.now()
  return {
    name: fresh('lease'),
    holder: 'somebody',
    durationSeconds: 15,
    acquiredAt: now,
    renewedAt: now,
    transitions: 0,
    annotations: {},
    labels: {},
  }
}

function keyOf({ metadata: { name, namespace } }: ObjectOf<KindName>) {
  return { name, ...(namespace !== undefined && { namespace }) }
}

function fresh(what: string): string {
  made += 1
  return `rbac-${what}-${made}`
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'NOT_FOUND')) throw error
}
