import type { DeviceKey } from '#core/device-command.ts'

/** Names one runtime on one device of one user: what the queue holds. */
export interface SyncKey extends DeviceKey {
  readonly runtime: string
}

/** Writes a key as text: `namespace/device/runtime`. */
export function toKeyText({ namespace, deviceId, runtime }: SyncKey): string {
  return `${namespace}/${deviceId}/${runtime}`
}

/** Reads what {@link toKeyText} wrote. A device id may hold slashes; a namespace and a runtime cannot. */
export function fromKeyText(text: string): SyncKey {
  const first = text.indexOf('/')
  const last = text.lastIndexOf('/')
  return {
    namespace: text.slice(0, first),
    deviceId: text.slice(first + 1, last),
    runtime: text.slice(last + 1),
  }
}
