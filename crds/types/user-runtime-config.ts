// Generated from crds/user-runtime-config.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * What one user wants on all of their devices for one runtime: the sealed auth document, how it is delivered, and the user's own config layer. There is one per user and runtime, named after the runtime.
 */
export interface UserRuntimeConfig {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'UserRuntimeConfig'
  readonly metadata: ObjectMeta
  readonly spec: UserRuntimeConfigSpec
  readonly status?: UserRuntimeConfigStatus
}
/**
 * What should be.
 */
export interface UserRuntimeConfigSpec {
  /**
   * Name of the Runtime this configuration is for, such as `codex`. Equals metadata.name and cannot be changed.
   */
  readonly runtime: string
  /**
   * The auth document and how it reaches the devices. Policies may be set before a document is stored, and stay when it is deleted.
   */
  readonly auth?: {
    /**
     * Format of the auth document. Only JSON objects are delivered.
     */
    readonly format: 'json'
    /**
     * Where the file belongs on a device, starting with `~/`, the home directory.
     */
    readonly targetPath: string
    /**
     * The auth document, sealed by this product and bound to this object and field. It opens nowhere else; upload a document through the API instead of writing this field.
     */
    readonly encryptedValue?: string
    /**
     * Lower-case hex SHA-256 of the auth document's normal form.
     */
    readonly sha256?: string
    /**
     * When the auth document was stored, ISO 8601 in UTC. Devices take no document older than the one they got. With secretRef it may be set, to refer to a Secret that was changed before that.
     */
    readonly updatedAt?: string
    /**
     * Takes the auth document from a Secret in the same namespace instead of encryptedValue. Only in a cluster, and only read. A change of the Secret is noticed within ten minutes, and at once when it has the label `agent.wecode.io/runtime-config: "true"`.
     */
    readonly secretRef?: {
      /**
       * Name of the Secret.
       */
      readonly name: string
      /**
       * Key inside the Secret whose value is the auth document.
       */
      readonly key: string
    }
    /**
     * What happens to a file that a device has already. `IfMissing`, also when absent: it is never touched. `IfStale`: it is replaced when it is exactly what was delivered before and the stored document is newer.
     */
    readonly updatePolicy?: 'IfMissing' | 'IfStale'
    /**
     * What happens on the devices when the configuration is switched off or the document is deleted. `Retain`, also when absent: files stay. `RemoveManaged`: files that are exactly what was delivered are removed.
     */
    readonly removalPolicy?: 'Retain' | 'RemoveManaged'
  }
  /**
   * The user's own config layer for this runtime, sealed.
   */
  readonly config?: {
    /**
     * Format of the config text.
     */
    readonly format: 'toml' | 'json'
    /**
     * The config text, sealed by this product and bound to this object and field.
     */
    readonly encryptedValue: string
    /**
     * Fingerprint of the layer, `sha256:` and 64 hex digits; changes exactly when its value does.
     */
    readonly version: string
    /**
     * When the config text was stored, ISO 8601 in UTC.
     */
    readonly updatedAt: string
  }
  /**
   * True stops every device action for this configuration, and says so in the status, until it is removed or set to false.
   */
  readonly suspend?: boolean
  /**
   * When anything in spec was last changed through the API, ISO 8601 in UTC.
   */
  readonly updatedAt?: string
}
/**
 * What is. Written by the operator only.
 */
export interface UserRuntimeConfigStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * Standard conditions. `Ready`: the configuration can be delivered. `Synced`: every online device has what it should.
   */
  readonly conditions?: readonly UserRuntimeConfigCondition[]
  /**
   * How many of the user's devices are in which state. The rows themselves are on the Device objects.
   */
  readonly devices?: {
    /**
     * Devices that are connected.
     */
    readonly online: number
    /**
     * Devices that have the file.
     */
    readonly inSync: number
    /**
     * Devices that lack the file.
     */
    readonly missing: number
    /**
     * Devices that have an older file of ours.
     */
    readonly stale: number
    /**
     * Devices on which delivery failed.
     */
    readonly failed: number
  }
  /**
   * The value of the annotation `agent.wecode.io/sync-requested-at` that was last carried out. Equal to the annotation means done.
   */
  readonly lastHandledSyncRequest?: string
}
/**
 * One aspect of the current state.
 */
export interface UserRuntimeConfigCondition {
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
