import type { SyncState } from '#core/auth-sync-finding.ts'
import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { UserClaims } from '#core/user-claims.ts'
import type { UserNamespaces } from '#store/user-namespaces.ts'

import type { AuthSyncDeps } from './auth-sync/deps.ts'
import { DocumentOpener } from './auth-sync/document-opener.ts'
import { explain } from './auth-sync/explain.ts'
import { Flights } from './auth-sync/flights.ts'
import { FreshConfigs } from './auth-sync/fresh-configs.ts'
import { reconcile } from './auth-sync/reconcile.ts'
import { SyncRecords } from './auth-sync/records.ts'
import { requestSync } from './auth-sync/request-sync.ts'
import { SyncRequests } from './auth-sync/requests.ts'
import { resyncAuth } from './auth-sync/resync.ts'
import { watchSecrets } from './auth-sync/secret-watch.ts'
import { fromKeyText, type SyncKey, toKeyText } from './auth-sync/sync-key.ts'
import { watchAuthSync } from './auth-sync/watches.ts'
import { ALWAYS, withAuthority } from './command-authority.ts'
import type { ManagerDeps } from './deps.ts'
import { DeviceBudget } from './device-budget.ts'
import { collectDevices } from './device/collect.ts'
import { DeviceOwnership } from './device/ownership.ts'
import { reconcileDevice, toDeviceText } from './device/reconcile.ts'
import { isCollect, watchDevices, watchForgotten } from './device/watches.ts'
import { ControllerEvents } from './events.ts'
import { type AuthSync, wherever } from './fleet.ts'
import { ALONE, whileLeading } from './leadership.ts'
import { reconcileManagedStatus } from './managed-runtime-config/reconcile.ts'
import { watchManagedConfigs } from './managed-runtime-config/watches.ts'
import { createControllerMetrics } from './metrics.ts'
import { type QueueBasis, createReconcileQueue } from './reconcile-queue.ts'
import { watchSealedValues } from './reseal/rounds.ts'
import { countSealedValues } from './reseal/sealed-values.ts'
import { everyPhase } from './resync.ts'
import { StatusStore } from './status-store.ts'
import { reconcileProxyStatus } from './user-proxy-config/reconcile.ts'
import { watchProxies } from './user-proxy-config/watches.ts'
import { LayerChecks } from './user-runtime-config/layer-checks.ts'
import { reconcileConfigStatus } from './user-runtime-config/reconcile.ts'
import { SUMMARY_DELAY_MS, watchConfigs } from './user-runtime-config/watches.ts'
import { reconcileUserStatus } from './user/reconcile.ts'
import { watchUsers } from './user/watches.ts'
import type { Workqueue } from './workqueue.ts'

/** Deciding is short, and sending does not hold a worker. */
const DECIDING = 32

/** Statuses wait for the store; a few at once let it write them together. */
const WRITING = 16

/** What became of a change can wait until the other devices have got theirs. */
const SETTLED_DELAY_MS = 1_000

/** What is on its way shows in a status only if it takes longer than this: most of it ends within one write. */
const PASSING_DELAY_MS = 2_000

/** How soon a replica that may not act looks whether it may again. */
const NOT_HELD_MS = 5_000

/** How long commands in hand, and then statuses, are waited for when the process stops. */
const DRAIN_MS = 10_000

/** All controllers. */
export interface Controllers {
  readonly authSync: AuthSync
  readonly ownAuthSync: AuthSync
  readonly queues: readonly Workqueue[]
  start(): void
  stop(): Promise<void>
}

/** Makes the six controllers and wires them to each other; nothing happens before `start`. */
export function wireControllers(deps: ManagerDeps): Controllers {
  const { clock, random, logger, cache } = deps
  const metrics = createControllerMetrics(deps.registry, clock)
  const shared = { ...deps, metrics, ...createMemory(deps) }
  const status = createStatusQueues(shared, { clock, random, logger, metrics })
  const { authSync, queue } = createAuthSync(shared, status)
  const own: AuthSync = {
    explain: (device, runtime) => explain(device, runtime, authSync),
    requestSync: (request) => requestSync(request, authSync),
  }
  const everywhere = wherever(own, shared)
  const queues = [queue, ...Object.values(status)]
  metrics.observeOutOfSync(() => statesOf(shared.records))
  metrics.observeSealedValues(() => countSealedValues(shared))
  const stops: (() => void)[] = []
  return {
    authSync: everywhere,
    ownAuthSync: own,
    queues,
    start: () => {
      shared.started.at = clock.monotonic()
      for (const each of queues) each.start()
      stops.push(
        shared.statuses.follow(),
        cache.onChange('Device', (change) => shared.told?.onDevice(change)),
        // First, so that everybody else sees devices as they are ours or not.
        watchDevices({ ...shared, onRegained: (device) => decideAnew(device, authSync) }, status.devices),
        watchAuthSync(authSync),
        watchSealedValues(shared),
        watchSecrets({ ...shared, queue, sumUp: (...name) => sumUp(name, shared, status) }),
        everyPhase(clock, (phase) => resyncAuth(phase, authSync)),
        whileLeading(shared.leadership, () => lead({ ...shared, authSync: everywhere }, status)),
      )
    },
    stop: async () => {
      for (const stop of stops) stop()
      await queue.stop({ flush: false })
      await within(DRAIN_MS, authSync.flights.landed(), clock)
      turnAway(authSync)
      await within(
        DRAIN_MS,
        Promise.all(Object.values(status).map((each) => each.stop({ flush: true }))),
        clock,
      )
    },
  }
}

/** Takes up what only one replica does: everything is looked at once, and then what changes. Returns how to lay it down. */
function lead(shared: Shared & { readonly authSync: AuthSync }, status: StatusQueues): () => void {
  const stops = [
    watchForgotten(shared, status.devices),
    watchConfigs(shared, status.configs),
    watchProxies(shared, status.proxies),
    watchManagedConfigs(shared, status.managed),
    watchUsers(shared, status.users),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** What is remembered while the process lives. */
function createMemory(deps: ManagerDeps) {
  const { cache, clock, sealer, secrets, leadership = ALONE, authority = ALWAYS } = deps
  const told = deps.events && new ControllerEvents(deps.events, cache)
  const records = new SyncRecords(cache, (...change) => told?.onRecord(...change))
  const flights = new Flights()
  const isInFlight = (device: DeviceKey, runtime: string) => flights.has(toKeyText({ ...device, runtime }))
  const ownership = new DeviceOwnership({ ...deps, records, isInFlight })
  return {
    told,
    statuses: new StatusStore({ ...deps, told }),
    leadership,
    ownership,
    channel: withAuthority(deps.channel, authority),
    authority,
    /** Devices of which another replica says that it has them are offline here. */
    reports: ownership.reports(),
    documents: new DocumentOpener({ sealer, secrets }, clock),
    layers: new LayerChecks(sealer),
    records,
    budget: new DeviceBudget(clock),
    requests: new SyncRequests(),
    userClaims: new UserClaims(),
    flights,
    fresh: new FreshConfigs(deps.store),
    handledRequests: new Map<string, string>(),
    started: { at: clock.monotonic() },
  }
}

type Shared = ManagerDeps & ReturnType<typeof createMemory> & Pick<QueueBasis, 'metrics'>
type StatusQueues = ReturnType<typeof createStatusQueues>

/** Where users are rows of the store's own there are no User objects. */
const NO_NAMESPACES: UserNamespaces = { ensure: async () => 'ready' }

function createStatusQueues(parts: Shared, basis: QueueBasis) {
  const shared = { ...parts, store: parts.statuses.toStore() }
  const { leadership } = shared
  // What was queued while this process led is left to the one that does now.
  const led = (reconcile: (text: string) => Promise<void>) => async (text: string) =>
    leadership.isLeader ? reconcile(text) : undefined
  const { userNamespaces = NO_NAMESPACES } = shared
  const users: Workqueue = createReconcileQueue({
    ...basis,
    name: 'user',
    concurrency: WRITING,
    reconcile: led((name) => {
      const again = (each: string, delayMs: number) => users.addAfter(each, delayMs, 'resync')
      return reconcileUserStatus(name, { ...shared, userNamespaces, again })
    }),
  })
  const collect = led(() => collectDevices(shared))
  return {
    users,
    devices: createReconcileQueue({
      ...basis,
      name: 'device',
      concurrency: WRITING,
      reconcile: async (text) => (isCollect(text) ? collect(text) : reconcileDevice(text, shared)),
    }),
    configs: createReconcileQueue({
      ...basis,
      name: 'user-runtime-config',
      concurrency: WRITING,
      reconcile: led((text) => reconcileConfigStatus(text, shared)),
    }),
    proxies: createReconcileQueue({
      ...basis,
      name: 'user-proxy-config',
      concurrency: WRITING,
      reconcile: led((text) => reconcileProxyStatus(text, shared)),
    }),
    managed: createReconcileQueue({
      ...basis,
      name: 'managed-runtime-config',
      concurrency: WRITING,
      reconcile: led((name) => reconcileManagedStatus(name, shared)),
    }),
  }
}

function createAuthSync(shared: Shared, status: StatusQueues) {
  const queue: Workqueue = createReconcileQueue({
    ...shared,
    name: 'auth-sync',
    concurrency: DECIDING,
    reconcile: async (text, waitedMs) => {
      // Whoever asked gets an answer; what nobody waits for waits itself.
      const isPutOff = !shared.authority.isHeld && !shared.requests.has(text)
      return isPutOff ? queue.addAfter(text, NOT_HELD_MS, 'device') : reconcile(text, waitedMs, authSync)
    },
  })
  const authSync: AuthSyncDeps = { ...shared, queue, onChanged: (key) => tell(key, shared, status) }
  return { authSync, queue }
}

/** A record changed: the device's status, and the summary of all devices, say so soon. */
function tell(key: SyncKey, shared: Shared, status: StatusQueues): void {
  const { history, decision } = shared.records.get(key)
  const isPassing =
    history.progress.phase !== 'idle' || (decision !== null && decision.action.type !== 'none')
  status.devices.addAfter(toDeviceText(key), isPassing ? PASSING_DELAY_MS : SETTLED_DELAY_MS, 'resync')
  sumUp([key.namespace, key.runtime], shared, status)
}

/** The leader sums up; where another leads, the device's status tells that one. */
function sumUp(
  name: readonly [namespace: string, runtime: string],
  { leadership }: Shared,
  { configs }: StatusQueues,
): void {
  if (leadership.isLeader) configs.addAfter(name.join('/'), SUMMARY_DELAY_MS, 'resync')
}

/** Another replica may have done anything to a device before it came here. */
function decideAnew(device: DeviceKey, { cache, queue }: AuthSyncDeps): void {
  for (const { metadata } of cache.list('Runtime'))
    queue.add(toKeyText({ ...device, runtime: metadata.name }), 'device')
}

function* statesOf(records: SyncRecords): Generator<readonly [string, SyncState]> {
  for (const [runtime, { decision }] of records.all()) if (decision !== null) yield [runtime, decision.state]
}

/** Whoever still waits for a sync gets an answer. */
function turnAway({ requests }: AuthSyncDeps): void {
  for (const keyText of requests.keys()) {
    const { deviceId } = fromKeyText(keyText)
    const outcome = { deviceId, success: false, status: 'failed', error: 'the server is stopping' }
    for (const listener of requests.take(keyText)) listener(outcome)
  }
}

/** Waits, but not for ever. */
async function within(timeoutMs: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const { promise: isLate, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(timeoutMs, resolve)
  await Promise.race([work, isLate])
  cancel()
}
