import { phaseOf } from '#controller/resync.ts'

import type { AuthSyncDeps } from './deps.ts'
import { documentSourceOf } from './document-source.ts'
import { inputsOf, isEnabled } from './inputs.ts'
import { type SyncKey, toKeyText } from './sync-key.ts'

/**
 * Looks at the devices of one phase and queues what is not as it was when it was last decided. A safety net for lost events
 * and timers: it compares what is in memory, so that a fleet in which nothing changed costs no queue entry.
 */
export function resyncAuth(phase: number, deps: AuthSyncDeps): void {
  const runtimes = deps.cache.list('Runtime').map((runtime) => runtime.metadata.name)
  for (const { metadata, spec } of deps.cache.list('Device')) {
    const device = { namespace: metadata.namespace ?? '', deviceId: spec.deviceId }
    if (phaseOf(`${device.namespace}/${device.deviceId}`) !== phase) continue
    if (deps.reports.get(device) === undefined) continue
    for (const runtime of runtimes) {
      const key = { ...device, runtime }
      if (needsALook(key, deps)) deps.queue.add(toKeyText(key), 'resync')
    }
  }
}

function needsALook(key: SyncKey, deps: AuthSyncDeps): boolean {
  const { decision, inputs, history } = deps.records.get(key)
  // Nothing is remembered where nothing is wanted.
  if (decision === null) return isEnabled(key, deps) && isStored(key, deps)
  if (inputs !== inputsOf(key, deps)) return true
  const { nextAttemptAt } = history
  return nextAttemptAt !== null && nextAttemptAt <= deps.clock.now()
}

function isStored({ namespace, runtime }: SyncKey, { cache }: AuthSyncDeps): boolean {
  return documentSourceOf(cache.get('UserRuntimeConfig', { namespace, name: runtime })) !== null
}
