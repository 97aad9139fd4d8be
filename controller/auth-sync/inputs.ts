import type { DeviceReports, ObjectCache, UserLookup } from '#controller/ports.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { readRuntimePreference } from '#core/preferences.ts'

import type { SyncKey } from './sync-key.ts'

/** Where to look. */
export interface InputDeps {
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly reports: DeviceReports
}

/** Tells whether the user of a key wants their configuration on devices, as far as memory says. */
export function isEnabled({ namespace, runtime }: SyncKey, { users }: Pick<InputDeps, 'users'>): boolean {
  const user = users.findByNamespace(namespace)
  return user !== undefined && readRuntimePreference(user.preferences, runtime).useUserConfig
}

/** Fingerprint of everything a decision depends on but time. Read from memory, cheap: nothing is opened. */
export function inputsOf(key: SyncKey, deps: InputDeps): string {
  return JSON.stringify([wantedOf(key, deps), reportedOf(key, deps)])
}

function wantedOf(key: SyncKey, deps: InputDeps): readonly unknown[] {
  const { namespace, deviceId, runtime } = key
  const config = deps.cache.get('UserRuntimeConfig', { namespace, name: runtime })?.metadata
  const object = deps.cache.get('Device', { namespace, name: deviceNameOf(deviceId) })
  const isActive = deps.users.findByNamespace(namespace)?.isActive
  const { uid, generation, deletionTimestamp } = config ?? {}
  const runtimeVersion = deps.cache.get('Runtime', { name: runtime })?.metadata.generation
  const isSuspended = object?.spec.suspend === true
  return [isEnabled(key, deps), isActive, uid, generation, deletionTimestamp, runtimeVersion, isSuspended]
}

function reportedOf(key: SyncKey, { reports }: InputDeps): readonly unknown[] {
  const report = reports.get(key)
  if (report === undefined) return []
  return [report.isOnline, report.isOurAgent, report.deviceType, report.runtimes.get(key.runtime)]
}
