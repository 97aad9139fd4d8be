import { QUARANTINE_AFTER, type SyncHistory } from '#core/auth-sync-input.ts'
import { CREDENTIAL_SHARED } from '#core/auth-sync-status.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import type { Condition } from '#crds/conditions.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import type { EventRecorder, ObjectEvent } from '#store/events.ts'
import type { CacheChange } from '#store/kind-cache.ts'

import { type SyncKey, toKeyText } from './auth-sync/sync-key.ts'
import type { SyncRecord } from './auth-sync/sync-record.ts'
import type { ObjectCache } from './ports.ts'

type Told = Pick<ObjectEvent, 'type' | 'reason' | 'message' | 'action'>

/** What is told of a device that is about to be written down. */
const MAX_WAITING_DEVICES = 1_000
const MAX_WAITING_EVENTS = 8

/** Of more than so many files it may be told twice. */
const MAX_FOREIGN = 10_000

/** Says what happened to devices and resources that a user would ask about. Of no document is any content told. */
export class ControllerEvents {
  readonly #recorder: EventRecorder
  readonly #cache: ObjectCache
  /** What happened to devices that have no object yet. */
  readonly #waiting = new Map<string, Told[]>()
  /** Runtimes on devices of whose file it was said already that it is somebody else's. */
  readonly #foreign = new Set<string>()

  constructor(recorder: EventRecorder, cache: ObjectCache) {
    this.#recorder = recorder
    this.#cache = cache
  }

  /** A record of what is done to a device changed. */
  onRecord(key: SyncKey, before: SyncRecord, after: SyncRecord): void {
    for (const told of [
      ...commandEvents(key.runtime, before, after),
      ...this.#foreignEvents(key, before, after),
    ])
      this.#tell(key, told)
  }

  /** A device's object is there: what happened before is told beside it. */
  onDevice({ type, object }: CacheChange<'Device'>): void {
    if (type !== 'ADDED') return
    const name = nameOf({ namespace: object.metadata.namespace ?? '', deviceId: object.spec.deviceId })
    for (const told of this.#waiting.get(name) ?? []) this.#recorder.record({ object, ...told })
    this.#waiting.delete(name)
  }

  /** A status was written: conditions that turned are told, devices excepted, which come and go. */
  onStatus(object: ObjectOf<KindName>, before: ObjectOf<KindName>['status']): void {
    if (object.kind === 'Device') return
    const old = new Map(conditionsOf(before).map((condition) => [condition.type, condition]))
    for (const condition of conditionsOf(object.status)) {
      const type = noteworthy(condition, old.get(condition.type))
      if (type === null) continue
      const { reason, message } = condition
      this.#recorder.record({ object, type, reason, message, action: 'Reconcile' })
    }
  }

  #tell(key: DeviceKey, told: Told): void {
    const { namespace, deviceId } = key
    const object = this.#cache.get('Device', { namespace, name: deviceNameOf(deviceId) })
    if (object?.spec.deviceId === deviceId) return this.#recorder.record({ object, ...told })
    const waiting = this.#waiting.get(nameOf(key)) ?? []
    if (waiting.length >= MAX_WAITING_EVENTS) return
    this.#waiting.set(nameOf(key), [...waiting, told])
    if (this.#waiting.size > MAX_WAITING_DEVICES) dropFirst(this.#waiting)
  }

  /** Once for a file: it stays what it is through reconnects and restarts. */
  #foreignEvents(key: SyncKey, before: SyncRecord, { decision }: SyncRecord): readonly Told[] {
    const text = toKeyText(key)
    if (decision === null || decision.state === 'Unknown') return []
    if (decision.state !== 'Foreign') {
      this.#foreign.delete(text)
      return []
    }
    const isKnown = this.#foreign.has(text) || (before.decision === null && this.#isWrittenForeign(key))
    this.#foreign.add(text)
    if (this.#foreign.size > MAX_FOREIGN) dropFirst(this.#foreign)
    const { message } = decision
    return isKnown ? [] : [{ type: 'Warning', reason: 'ForeignFile', message, action: 'Observe' }]
  }

  #isWrittenForeign({ namespace, deviceId, runtime }: SyncKey): boolean {
    const object = this.#cache.get('Device', { namespace, name: deviceNameOf(deviceId) })
    return object?.status?.runtimes?.find(({ name }) => name === runtime)?.state === 'Foreign'
  }
}

/** What became of commands, by their outcome; the others change nothing on a device. */
const SUCCESSES: Readonly<Record<string, (runtime: string) => Told>> = {
  written: (runtime) => ({
    type: 'Normal',
    reason: 'Delivered',
    message: `The auth document of ${runtime} was written to the device.`,
    action: 'Sync',
  }),
  removed: (runtime) => ({
    type: 'Normal',
    reason: 'Removed',
    message: `The auth document of ${runtime} was removed from the device.`,
    action: 'Remove',
  }),
  imported: (runtime) => ({
    type: 'Normal',
    reason: 'Imported',
    message: `A newer auth document of ${runtime} was taken over from the device.`,
    action: 'Import',
  }),
}

function commandEvents(runtime: string, before: SyncRecord, after: SyncRecord): readonly Told[] {
  const [old, now] = [before.history, after.history]
  if (now.lastSyncAt !== null && now.lastSyncAt !== old.lastSyncAt) {
    const told = SUCCESSES[now.lastResult ?? '']?.(runtime)
    return told === undefined ? [] : [told]
  }
  const isStalled = now.stall !== null && old.stall === null
  if (now.attempts <= old.attempts && !isStalled) return []
  return [failure(runtime, now)]
}

function failure(runtime: string, { attempts, lastCommand, lastError, stall }: SyncHistory): Told {
  const { action, verb } = DOINGS[lastCommand ?? ''] ?? DELIVERY
  const words = stall?.message ?? lastError ?? 'the device still does not have it'
  const message = `The auth document of ${runtime} could not be ${verb}: ${words}`
  if (attempts < QUARANTINE_AFTER) return { type: 'Warning', reason: 'DeliveryFailed', message, action }
  const given = `Nothing more is tried after ${attempts} failures in a row until something changes. ${message}`
  return { type: 'Warning', reason: 'Quarantined', message: given, action }
}

const DELIVERY = { action: 'Sync', verb: 'delivered' }

const DOINGS: Readonly<Record<string, typeof DELIVERY>> = {
  remove_runtime_auth_file: { action: 'Remove', verb: 'removed' },
  read_runtime_auth_file: { action: 'Import', verb: 'taken over' },
}

function conditionsOf(status: ObjectOf<KindName>['status']): readonly Condition[] {
  return status !== undefined && 'conditions' in status ? (status.conditions ?? []) : []
}

/** `null`: it did not turn, or to nothing that anybody would ask about. */
function noteworthy(now: Condition, before: Condition | undefined): ObjectEvent['type'] | null {
  if (now.status === before?.status) return null
  const isBad = now.type === CREDENTIAL_SHARED ? now.status === 'True' : now.status === 'False'
  const isNothing = now.status === 'Unknown' || (now.type === CREDENTIAL_SHARED && !isBad)
  if (before === undefined && isNothing) return null
  // That devices are behind a change of a moment ago is how it goes.
  return isBad && now.type !== 'Synced' ? 'Warning' : 'Normal'
}

/** The oldest goes: what it was about is probably gone. */
function dropFirst(from: Map<string, unknown> | Set<string>): void {
  for (const first of from.keys()) {
    from.delete(first)
    return
  }
}

function nameOf({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}
