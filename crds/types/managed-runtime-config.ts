// Generated from crds/managed-runtime-config.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * What an administrator sets for the users it selects: a managed config layer, which wins over the user's own, and requirements, which limit what a user may set.
 */
export interface ManagedRuntimeConfig {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'ManagedRuntimeConfig'
  readonly metadata: ObjectMeta
  readonly spec: ManagedRuntimeConfigSpec
  readonly status?: ManagedRuntimeConfigStatus
}
/**
 * What should be.
 */
export interface ManagedRuntimeConfigSpec {
  /**
   * Name of the Runtime this is for. Cannot be changed.
   */
  readonly runtime: string
  /**
   * The managed config layer, TOML text. Its values win over the user's own.
   */
  readonly config?: string
  /**
   * What the selected users may set, TOML text.
   */
  readonly requirements?: string
  /**
   * Users it applies to: those that match everything given here. Absent or empty means every user.
   */
  readonly selector?: {
    /**
     * Names of users, that is the subjects of their tokens.
     *
     * Items: Name of a user.
     */
    readonly users?: readonly string[]
    /**
     * Labels that the User object must have.
     */
    readonly matchLabels?: {
      /**
       * Value of the label.
       */
      readonly [k: string]: string
    }
    /**
     * Requirements that the labels of the User object must meet.
     */
    readonly matchExpressions?: readonly ManagedRuntimeConfigMatchExpression[]
  }
}
/**
 * One requirement.
 */
export interface ManagedRuntimeConfigMatchExpression {
  /**
   * Label key.
   */
  readonly key: string
  /**
   * How the label relates to the values.
   */
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  /**
   * Values for `In` and `NotIn`.
   *
   * Items: A label value.
   */
  readonly values?: readonly string[]
}
/**
 * What is. Written by the operator only.
 */
export interface ManagedRuntimeConfigStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * How many users it applies to. Zero may be a misspelt name or label in the selector.
   */
  readonly selectedUsers?: number
  /**
   * Standard conditions. `Ready`: both texts parse and are in force.
   */
  readonly conditions?: readonly ManagedRuntimeConfigCondition[]
}
/**
 * One aspect of the current state.
 */
export interface ManagedRuntimeConfigCondition {
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
