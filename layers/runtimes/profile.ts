import type { LayerRules } from '#layers/rules.ts'
import type { TomlTable } from '#layers/value.ts'

/** A setting whose value is not of the kind that the CLI expects. */
export interface TypeFault {
  readonly path: readonly string[]
  /** `expected a string, got an integer`: kinds and allowed words, never the value that came. */
  readonly reason: string
}

/**
 * What is particular to one CLI's configuration. The merge, the origins, the versions and the stack know nothing of any
 * runtime; they ask here. A profile is data and pure rules: it reads nothing.
 */
export interface RuntimeProfile {
  /** Name of the Runtime, `codex` or `claude`. */
  readonly runtime: string
  readonly format: 'toml' | 'json'
  readonly rules: LayerRules
  /**
   * The typed round trip: what the CLI makes of a layer before it counts. A layer that does not fit is returned as it is.
   *
   * @param base folder that relative paths of this layer stand below
   * @param home folder that `~/` stands for; without it such a path is left as it is
   */
  normalise(config: TomlTable, base: string, home?: string): TomlTable
  /** The first setting that the CLI would refuse, or null. Keys it does not know are no fault. */
  findTypeFault(config: TomlTable): TypeFault | null
  /** Whether the CLI has a setting at this path; free-form tables make everything below them known. */
  isKnownKey(path: readonly string[]): boolean
  /** Whether a value at this path is a secret that belongs somewhere else, for the linter. */
  isSecretKey(path: readonly string[]): boolean
  /** Whether a text is a secret wherever it stands, such as a URL with a password in it. */
  isSecretValue(value: string): boolean
}
