import type { AuthSync } from '#controller/fleet.ts'
import type { DeviceReports, ObjectCache, UserLookup } from '#controller/ports.ts'
import { phaseOf } from '#controller/resync.ts'
import { run } from '#controller/run.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { CacheChange } from '#store/kind-cache.ts'

import { summedUpAnew } from './device-syncs.ts'

/** A summary tells what became of many devices: what changes within this time is one write. */
export const SUMMARY_DELAY_MS = 500

/** Annotation by which a manifest asks for a sync. */
const SYNC_REQUESTED_AT = 'agent.wecode.io/sync-requested-at'

const MAX_REQUEST = 256

/** Between one sixtieth of all configurations and the next, when leadership begins: 30 s for all. */
const FIRST_LOOK_STEP_MS = 500

type Config = ObjectOf<'UserRuntimeConfig'>

/** What following configurations stands on. */
export interface ConfigWatchDeps {
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
  /** For every device of a user, whichever replica holds it. */
  readonly authSync: Pick<AuthSync, 'requestSync'>
  /** The requested sync that was carried out last, by `namespace/runtime`. */
  readonly handledRequests: Map<string, string>
  /** Name of this replica; absent: there is only one. */
  readonly gateway?: string
}

/** Queues configurations whose summary may have to be written, and carries out the syncs manifests ask for. Returns how to stop. */
export function watchConfigs(deps: ConfigWatchDeps, queue: Workqueue): () => void {
  const { cache, users, reports } = deps
  const sumUp = (namespace: string, name: string) =>
    queue.addAfter(`${namespace}/${name}`, SUMMARY_DELAY_MS, 'resync')
  const sumUpUser = (namespace: string) => {
    for (const { metadata } of cache.list('UserRuntimeConfig', namespace)) sumUp(namespace, metadata.name)
  }
  for (const config of cache.list('UserRuntimeConfig')) {
    sumUpFirst(config, deps, queue)
    serveAnnotation(config, deps, queue)
  }
  const stops = [
    cache.onChange('UserRuntimeConfig', ({ type, object, previous }) => {
      if (type === 'DELETED') return
      const { namespace = '', name, generation } = object.metadata
      if (generation !== previous?.metadata.generation) sumUp(namespace, name)
      serveAnnotation(object, deps, queue)
    }),
    cache.onChange('Runtime', ({ object }) => {
      for (const { metadata } of cache.list('UserRuntimeConfig')) {
        if (metadata.name === object.metadata.name) sumUp(metadata.namespace ?? '', metadata.name)
      }
    }),
    users.onChange((user) => sumUpUser(user.namespace)),
    reports.onChange(({ device, kind }) => {
      if (kind === 'online' || kind === 'offline') sumUpUser(device.namespace)
    }),
    cache.onChange('Device', (change) => {
      if (!isToldByOthers(change, deps)) return
      const { namespace = '' } = change.object.metadata
      const names = summedUpAnew(change.previous?.status, statusOf(change))
      if (names === null) return sumUpUser(namespace)
      for (const name of names) sumUp(namespace, name)
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** Who becomes the leader of many looks at all of them, and not all at once: the one before did so a moment ago. */
function sumUpFirst({ metadata }: Config, { gateway }: ConfigWatchDeps, queue: Workqueue): void {
  const text = `${metadata.namespace}/${metadata.name}`
  const spreadMs = gateway === undefined ? 0 : phaseOf(text) * FIRST_LOOK_STEP_MS
  queue.addAfter(text, SUMMARY_DELAY_MS + spreadMs, 'resync')
}

/** What we write of a device we know already when we write it. */
function isToldByOthers(
  { object, type }: CacheChange<'Device'>,
  { reports, gateway }: ConfigWatchDeps,
): boolean {
  if (gateway === undefined) return false
  const holder = type === 'DELETED' ? undefined : object.status?.gateway
  if (holder !== undefined) return holder !== gateway
  const { namespace = '' } = object.metadata
  return reports.get({ namespace, deviceId: object.spec.deviceId }) === undefined
}

function statusOf({ object, type }: CacheChange<'Device'>): ObjectOf<'Device'>['status'] {
  return type === 'DELETED' ? undefined : object.status
}

/** Carries out the sync that an annotation asks for, once. */
function serveAnnotation(config: Config, deps: ConfigWatchDeps, queue: Workqueue): void {
  const { namespace = '', name, annotations } = config.metadata
  const asked = annotations?.[SYNC_REQUESTED_AT]?.slice(0, MAX_REQUEST)
  const text = `${namespace}/${name}`
  if (asked === undefined || asked === config.status?.lastHandledSyncRequest) return
  if (asked === deps.handledRequests.get(text)) return
  deps.handledRequests.set(text, asked)
  const finish = () => queue.addAfter(text, SUMMARY_DELAY_MS, 'user')
  const sync = async () => void (await deps.authSync.requestSync({ namespace, runtime: name }))
  // Whatever came of it, it was carried out: asking for a sync of nothing must not be asked again and again.
  void run(sync, { done: finish, again: finish, later: finish, stall: finish })
}
