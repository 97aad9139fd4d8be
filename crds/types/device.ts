// Generated from crds/device.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * One machine of one user that runs an agent or executor. Made when it registers; named after its id.
 */
export interface Device {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'Device'
  readonly metadata: ObjectMeta
  readonly spec: DeviceSpec
  readonly status?: DeviceStatus
}
/**
 * What the device said about itself when it registered, and what its owner decides about it.
 */
export interface DeviceSpec {
  /**
   * Id the device registers with, exactly as it says it. Cannot be changed.
   */
  readonly deviceId: string
  /**
   * What the device calls itself.
   */
  readonly displayName: string
  /**
   * Kind of machine. A `remote` device gets no auth command.
   */
  readonly deviceType: 'local' | 'app' | 'cloud' | 'remote'
  /**
   * True stops every device action on this device until it is removed or set to false.
   */
  readonly suspend?: boolean
}
/**
 * What is. Written by the operator only.
 */
export interface DeviceStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * Standard conditions. `Online`: a heartbeat came within 90 s on a live socket.
   */
  readonly conditions?: readonly DeviceCondition[]
  /**
   * A recent heartbeat. Written when something changes and at most every 5 minutes.
   */
  readonly lastHeartbeatTime?: string
  /**
   * Version of the agent or executor, in its own words.
   */
  readonly executorVersion?: string
  /**
   * Replica that holds the device's socket. Absent when it is not connected.
   */
  readonly gateway?: string
  /**
   * Number that our agent drew when it connected there; a larger one is a later connection. Written with another change, so it may be of an earlier connection to the same replica.
   */
  readonly gatewayFence?: number
  /**
   * What is so for each runtime on this device.
   */
  readonly runtimes?: readonly DeviceRuntime[]
}
/**
 * One aspect of the current state.
 */
export interface DeviceCondition {
  /**
   * Type of the condition in CamelCase, unique in the list.
   */
  readonly type: string
  /**
   * Whether it holds.
   */
  readonly status: 'True' | 'False' | 'Unknown'
  /**
   * The metadata.generation that this condition describes.
   */
  readonly observedGeneration?: number
  /**
   * When status last changed from one value to another.
   */
  readonly lastTransitionTime: string
  /**
   * Why, as one constant word in CamelCase.
   */
  readonly reason: string
  /**
   * Why, as a sentence for people.
   */
  readonly message: string
}
/**
 * One runtime on this device.
 */
export interface DeviceRuntime {
  /**
   * Name of the Runtime.
   */
  readonly name: string
  /**
   * What is so. Read off the last report - `InSync`, `Missing`, `Stale`, `RotatedOnDevice`, `Foreign`, `ToRemove`, `Unknown`; without one `NotManaged`; on the way `Syncing`, `Verifying`, `Stalled`.
   */
  state:
    | 'InSync'
    | 'Missing'
    | 'Stale'
    | 'RotatedOnDevice'
    | 'Foreign'
    | 'ToRemove'
    | 'Unknown'
    | 'NotManaged'
    | 'Syncing'
    | 'Verifying'
    | 'Stalled'
  /**
   * Where the file is, as the device reports it.
   */
  readonly targetPath?: string
  /**
   * Lower-case hex SHA-256 of the document that is known to be on the device. Absent when that is not known.
   */
  readonly digest?: string
  /**
   * The command sent last, such as `sync_runtime_auth_file`.
   */
  readonly lastCommand?: string
  /**
   * What the device answered to it, such as `written` or `failed`.
   */
  readonly lastResult?: string
  /**
   * When the device last carried out a command successfully.
   */
  readonly lastSyncTime?: string
  /**
   * Failures in a row since the last success.
   */
  readonly attempts?: number
  /**
   * Fingerprint of what was wanted, and of the device, when the attempts failed. Another one starts over. Absent when there were none.
   */
  readonly attemptsFor?: string
  /**
   * When the next attempt is due. Absent when none is.
   */
  readonly nextAttemptTime?: string
  /**
   * Whether a CLI of this runtime runs on the device, or may. Written where there are several replicas, so that all of them know; absent otherwise.
   */
  readonly active?: boolean
  /**
   * What the device says of the runtime's configuration files. Absent when it says nothing, as executors other than our agent do.
   */
  readonly config?: {
    /**
     * The layers it found, highest first. Versions only, never a setting.
     */
    readonly layers: readonly DeviceLayer[]
  }
  /**
   * Why it is so, as one constant word in CamelCase.
   */
  readonly reason?: string
  /**
   * Why it is so, as a sentence for people.
   */
  readonly message?: string
}
/**
 * One source of settings on the device.
 */
export interface DeviceLayer {
  /**
   * Which source it is, such as `user` or `system`.
   */
  readonly type: string
  /**
   * Fingerprint of the layer, `sha256:` and 64 hex digits; changes exactly when its value does. Absent when it could not be read.
   */
  readonly version?: string
  /**
   * True when the file is there and could not be read or parsed.
   */
  readonly unreadable?: boolean
}
