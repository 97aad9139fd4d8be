// Generated from crds/user.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * One person, in a cluster: who they are in a token, where their resources live, and their preferences.
 */
export interface User {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'User'
  readonly metadata: ObjectMeta
  readonly spec: UserSpec
  readonly status?: UserStatus
}
/**
 * Who the user is and what they chose.
 */
export interface UserSpec {
  /**
   * Identity of the user in their tokens (`sub`). Of two Users with one subject the older is served.
   */
  readonly subject: string
  /**
   * Namespace that holds this user's resources and nobody else's. Cannot be changed, because a user's resources never leave it.
   */
  readonly namespace: string
  /**
   * E-mail address of the user, for people who look at the list.
   */
  readonly email?: string
  /**
   * What the user may do here: `user`, also when absent, manages their own; `admin` manages everybody's.
   */
  readonly role?: 'user' | 'admin'
  /**
   * Deactivates the user: their tokens are refused, their devices are disconnected, and nothing is sent to them until it is false again.
   */
  readonly suspend?: boolean
  /**
   * The user's preferences. `runtime_configs` holds, by runtime, `use_user_config` and `use_proxy`; everything else in here belongs to other programs and is kept as it is.
   */
  readonly preferences?: Readonly<Record<string, unknown>>
}
/**
 * What is. Written by the operator only.
 */
export interface UserStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * Standard conditions. `Ready`: the user is served, which means that the namespace exists and that no older User has the same subject or namespace.
   */
  readonly conditions?: readonly UserCondition[]
}
/**
 * One aspect of the current state.
 */
export interface UserCondition {
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
