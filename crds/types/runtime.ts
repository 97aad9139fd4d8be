// Generated from crds/runtime.yaml by `npm run generate`. Do not edit.
import type { ObjectMeta } from '#crds/object.ts'

/**
 * A coding-agent CLI whose personal configuration is managed. Adding one needs no code - apply it, and the API, the console, storage, sync and import know it.
 */
export interface Runtime {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'Runtime'
  readonly metadata: ObjectMeta
  readonly spec: RuntimeSpec
  readonly status?: RuntimeStatus
}
/**
 * What the runtime is like.
 */
export interface RuntimeSpec {
  /**
   * Name shown to people.
   */
  readonly displayName: string
  /**
   * Name of the CLI's process, by which an agent counts running sessions.
   */
  readonly processName?: string
  /**
   * The login file of the CLI.
   */
  readonly auth: {
    /**
     * Where the file belongs on a device, starting with `~/`, the home directory.
     */
    readonly targetPath: string
    /**
     * Format of the auth document. Only JSON objects are delivered.
     */
    readonly format: 'json'
    /**
     * Environment variable by which the CLI moves the folder of targetPath, such as `CODEX_HOME`. Where a device has it set, the file is in that folder.
     */
    readonly homeVariable?: string
    /**
     * Where facts about the login are inside the auth document, as JSON pointers.
     */
    readonly fields?: {
      /**
       * The account the login belongs to.
       */
      readonly accountId?: string
      /**
       * The refresh token, which must not be in use on two devices.
       */
      readonly refreshToken?: string
      /**
       * When the CLI last refreshed the login.
       */
      readonly lastRefresh?: string
    }
    /**
     * What an auth document must be like to be stored.
     */
    readonly validation: {
      /**
       * Largest document, in bytes of its UTF-8 text.
       */
      readonly maxBytes: number
      /**
       * JSON Schema that the document must fit.
       */
      readonly schema?: Readonly<Record<string, unknown>>
    }
  }
  /**
   * What the CLI can do with a proxy. Absent means that it supports none.
   */
  readonly proxy?: {
    /**
     * Proxy URL schemes that the CLI supports.
     *
     * Items: Scheme of a proxy URL.
     */
    readonly schemes: readonly ('http' | 'https' | 'socks5')[]
  }
  /**
   * The config file of the CLI.
   */
  readonly config?: {
    /**
     * Where the config file is on a device, starting with `~/`, the home directory.
     */
    readonly path: string
    /**
     * Format of the config file.
     */
    readonly format: 'toml' | 'json'
  }
}
/**
 * What is. Written by the operator only.
 */
export interface RuntimeStatus {
  /**
   * The metadata.generation that this status describes.
   */
  readonly observedGeneration?: number
  /**
   * Standard conditions. `Ready`: the runtime can be used.
   */
  readonly conditions?: readonly RuntimeCondition[]
}
/**
 * One aspect of the current state.
 */
export interface RuntimeCondition {
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
