import type { ObjectCache } from '#controller/ports.ts'
import type { DeviceKey } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'

import { readRow } from './device-row.ts'
import type { SyncKey } from './sync-key.ts'
import { NO_RECORD, type SyncRecord } from './sync-record.ts'

type DeviceRecords = Map<string, SyncRecord>

type RecordListener = (key: SyncKey, before: SyncRecord, after: SyncRecord) => void

/**
 * The records of all devices. What was written to `Device.status` before a restart is taken up again when a device is first
 * asked about; devices nobody asks about cost nothing.
 */
export class SyncRecords {
  readonly #cache: Pick<ObjectCache, 'get'>
  readonly #onPut: RecordListener
  /** By namespace, then device id, then runtime. */
  readonly #users = new Map<string, Map<string, DeviceRecords>>()

  /** @param onPut told of every record that is put, beside the one before */
  constructor(cache: Pick<ObjectCache, 'get'>, onPut: RecordListener = () => undefined) {
    this.#cache = cache
    this.#onPut = onPut
  }

  get(key: SyncKey): SyncRecord {
    return this.ofDevice(key).get(key.runtime) ?? NO_RECORD
  }

  put(key: SyncKey, record: SyncRecord): void {
    const records = this.#find(key) ?? this.#keep(key, new Map())
    const before = records.get(key.runtime) ?? NO_RECORD
    records.set(key.runtime, record)
    this.#onPut(key, before, record)
  }

  /** What is remembered of one device, by runtime. */
  ofDevice(device: DeviceKey): ReadonlyMap<string, SyncRecord> {
    return this.#find(device) ?? NOTHING
  }

  /** Every record. */
  *all(): Generator<readonly [runtime: string, record: SyncRecord]> {
    for (const devices of this.#users.values()) for (const records of devices.values()) yield* records
  }

  /** Forgets one runtime of a device, or all of them; tells whether there was anything to forget. */
  drop(device: DeviceKey, runtime?: string): boolean {
    const devices = this.#users.get(device.namespace)
    if (runtime !== undefined) return this.#find(device)?.delete(runtime) === true
    const isKnown = devices?.delete(device.deviceId) === true
    if (devices?.size === 0) this.#users.delete(device.namespace)
    return isKnown
  }

  /** Reads anew from its status what is remembered of a device, but for runtimes that are kept as they are. */
  refresh(device: DeviceKey, isKept: (runtime: string) => boolean): void {
    const known = this.#users.get(device.namespace)?.get(device.deviceId)
    if (known === undefined) return
    const kept = [...known].filter(([runtime]) => isKept(runtime))
    this.drop(device)
    if (kept.length > 0) this.#keep(device, new Map([...this.#fromStatus(device), ...kept]))
  }

  /** What is remembered of a device, or was before a restart; a device of which there is neither takes no memory. */
  #find(device: DeviceKey): DeviceRecords | undefined {
    const known = this.#users.get(device.namespace)?.get(device.deviceId)
    if (known !== undefined) return known
    const written = this.#fromStatus(device)
    return written.size === 0 ? undefined : this.#keep(device, written)
  }

  #keep(device: DeviceKey, records: DeviceRecords): DeviceRecords {
    const devices = this.#users.get(device.namespace) ?? new Map<string, DeviceRecords>()
    this.#users.set(device.namespace, devices.set(device.deviceId, records))
    return records
  }

  #fromStatus({ namespace, deviceId }: DeviceKey): DeviceRecords {
    const object = this.#cache.get('Device', { namespace, name: deviceNameOf(deviceId) })
    const rows = object?.status?.runtimes ?? []
    return new Map(rows.map((row) => [row.name, { ...NO_RECORD, ...readRow(row) }]))
  }
}

const NOTHING: ReadonlyMap<string, SyncRecord> = new Map()
