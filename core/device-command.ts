import type { DeviceAnswer, ProbeAnswer } from '#protocol/command-answer.ts'

import type { Secret } from './secret.ts'

/** Names one device of one user. */
export interface DeviceKey {
  readonly namespace: string
  readonly deviceId: string
}

/** Where a runtime's auth file is on a device. */
export interface RuntimeTarget {
  /** Starts with `~/`. */
  readonly targetPath: string
  /** The CLI's own variable that moves its folder (`CODEX_HOME`), if it has one. */
  readonly homeVariable: string | null
}

/** The closed list of what a device can be asked. */
export type DeviceCommand =
  | {
      readonly key: 'sync_runtime_auth_file'
      readonly runtime: string
      readonly target: RuntimeTarget
      /** The normal form; the device adds one newline. */
      readonly content: Secret<string>
      /** Replace an existing file only if its digest is this and our agent wrote it; absent: never touch one that exists. */
      readonly replaceDigest?: string
      /** Epoch ms at which the document was stored; our agent takes none older than it got already. Absent: not known. */
      readonly documentNumber?: number
    }
  | { readonly key: 'read_runtime_auth_file'; readonly runtime: string; readonly target: RuntimeTarget }
  | {
      readonly key: 'remove_runtime_auth_file'
      readonly runtime: string
      readonly target: RuntimeTarget
      /** Remove only if the file's digest is this and our agent wrote it. */
      readonly expectedDigest: string
    }
  | { readonly key: 'probe_proxy'; readonly proxyUrl: Secret<string> }

/** Names a command on the wire. */
export type CommandKey = DeviceCommand['key']

/** What a device can say of a command that it carried out, or `failed`. */
export type CommandStatus = DeviceAnswer['status']

/**
 * What a device answered. A device-side failure is an answer too (`failed`, or `older_document`, with the device's own text);
 * only a command that got no usable answer rejects (`DEVICE_OFFLINE`, `DEVICE_TIMEOUT`, `DEVICE_UNSUPPORTED`).
 */
export interface CommandResult {
  readonly status: CommandStatus
  /** The `~/` form, as the device said it. */
  readonly path: string | null
  /** Only for `read`: byte-exact file text. `null` when the device sent none. */
  readonly content: Secret<string> | null
  /** The device's own words, without content; `null` on success. */
  readonly error: string | null
  readonly exitCode: number | null
  readonly durationMs: number
  readonly isTruncated: boolean
  /** Only for `probed`. */
  readonly probe: ProxyProbe | null
  /** How many heartbeats of the device had come before this answer; absent: they are counted elsewhere. */
  readonly heartbeatCount?: number
}

/** What a device found when it tried its user's proxy. */
export type ProxyProbe = Readonly<ProbeAnswer>
