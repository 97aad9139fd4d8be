// Generated from crds/user-proxy-config.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * One user's personal proxy, sealed. There is one per user, named `default`.
 */
export interface UserProxyConfig {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'UserProxyConfig'
  readonly metadata: ObjectMeta
  readonly spec: UserProxyConfigSpec
  readonly status?: UserProxyConfigStatus
}
/**
 * What should be.
 */
export interface UserProxyConfigSpec {
  /**
   * The proxy. Absent means that the user has none.
   */
  readonly proxy?: {
    /**
     * The proxy URL, sealed by this product and bound to this object and field. It opens nowhere else; save a proxy through the API instead of writing this field.
     */
    readonly encryptedUrl: string
    /**
     * Lower-case hex SHA-256 of the proxy URL as it was saved.
     */
    readonly sha256: string
    /**
     * When the proxy was stored, ISO 8601 in UTC.
     */
    readonly updatedAt: string
  }
  /**
   * When anything in spec was last changed through the API, ISO 8601 in UTC.
   */
  readonly updatedAt?: string
}
/**
 * What is. Written by the operator only.
 */
export interface UserProxyConfigStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * Standard conditions. `Ready`: the proxy is stored and opens.
   */
  readonly conditions?: readonly UserProxyConfigCondition[]
  /**
   * The proxy URL with user-info and query values masked. Empty when none is stored.
   */
  readonly maskedUrl?: string
}
/**
 * One aspect of the current state.
 */
export interface UserProxyConfigCondition {
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
