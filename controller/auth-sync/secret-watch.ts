import { ALONE, type Leadership } from '#controller/leadership.ts'
import type { DeviceReports, Logger, ObjectCache, UserLookup } from '#controller/ports.ts'
import { everyPhase, phaseOf } from '#controller/resync.ts'
import { run } from '#controller/run.ts'
import type { Workqueue } from '#controller/workqueue.ts'
import type { Clock } from '#core/clock.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { SecretReader } from '#store/secret-reader.ts'

import type { DocumentOpener } from './document-opener.ts'
import { toKeyText } from './sync-key.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

/** What following referenced Secrets stands on. */
export interface SecretWatchDeps {
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
  readonly documents: DocumentOpener
  readonly clock: Clock
  readonly logger: Logger
  readonly secrets?: SecretReader
  readonly leadership?: Leadership
  readonly queue: Pick<Workqueue, 'add'>
  /** Asks for the summary of a configuration. */
  readonly sumUp: (namespace: string, runtime: string) => void
}

/**
 * Queues the devices of whoever refers to a Secret that changed: at once when it is marked as one of ours, else when a look at
 * each of the others, once in ten minutes, finds it otherwise. Returns how to stop.
 */
export function watchSecrets(deps: SecretWatchDeps): () => void {
  const { cache, documents, secrets, clock } = deps
  if (secrets === undefined) return () => undefined
  const stops = [
    documents.onSecretChange((namespace, runtime) => queueAll(namespace, runtime, deps)),
    secrets.onChange((namespace, name) => {
      const concerned = cache
        .list('UserRuntimeConfig', namespace)
        .filter((config) => config.spec.auth?.secretRef?.name === name)
      for (const config of concerned) take(config, deps)
    }),
    cache.onChange('UserRuntimeConfig', ({ type, object }) => {
      if (type === 'DELETED') documents.drop(object)
    }),
    everyPhase(clock, (phase) => lookAgain(phase, deps)),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}

/** What was read before the change is out of date, and is not waited for. */
function take(config: Config, deps: SecretWatchDeps): void {
  const { namespace = '', name } = config.metadata
  const runtime = deps.cache.get('Runtime', { name })
  if (runtime !== undefined) deps.documents.forget({ runtime, config })
  queueAll(namespace, name, deps)
}

function queueAll(namespace: string, runtime: string, { reports, queue, sumUp }: SecretWatchDeps): void {
  sumUp(namespace, runtime)
  for (const { deviceId } of reports.list(namespace))
    queue.add(toKeyText({ namespace, deviceId, runtime }), 'user')
}

/** Reads the Secrets of one phase, one request each; a reading that differs from the one before tells {@link queueAll}. */
function lookAgain(phase: number, deps: SecretWatchDeps): void {
  for (const config of deps.cache.list('UserRuntimeConfig')) {
    const { namespace = '', name } = config.metadata
    if (phaseOf(`${namespace}/${name}`) !== phase || !isUntold(config, deps)) continue
    const user = deps.users.findByNamespace(namespace)
    const runtime = deps.cache.get('Runtime', { name })
    if (user === undefined || runtime === undefined || !isOfInterest(namespace, deps)) continue
    const look = async () => void (await deps.documents.refresh({ user, runtime, config }))
    const report = (error: unknown) => {
      deps.logger.warn(
        { err: error, object: `${namespace}/${name}` },
        'a referenced Secret could not be read',
      )
    }
    void run(look, { done: () => undefined, again: () => undefined, later: report, stall: report })
  }
}

/** Marked Secrets cost nothing while they do not change. */
function isUntold(config: Config, { documents }: SecretWatchDeps): boolean {
  return config.spec.auth?.secretRef !== undefined && !documents.isTold(config)
}

/** To whoever writes the summary, and to whoever has a device that may get it. */
function isOfInterest(namespace: string, { leadership = ALONE, reports }: SecretWatchDeps): boolean {
  return leadership.isLeader || reports.list(namespace).some((report) => report.isOnline)
}
