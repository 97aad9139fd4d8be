import type { LayerType } from './layer.ts'

/** A key that has two spellings. Renamed inside each layer, at this path and nowhere else. */
export interface KeyAlias {
  /** Path of the table that holds the key; empty for the top level. */
  readonly table: readonly string[]
  readonly legacy: string
  readonly canonical: string
}

/**
 * Keys that are compared in a normal form where two layers both have the table. `*` in the path stands for any key.
 * `host-name`: lower case without a port and a trailing dot. `lower-case`: as it says.
 */
export interface KeyForm {
  readonly table: readonly string[]
  readonly form: 'host-name' | 'lower-case'
}

/**
 * A setting that is a boolean or a table: where the two meet, the boolean is the table's value under `key`. `*` in the path
 * stands for any key.
 */
export interface Switch {
  readonly path: readonly string[]
  readonly key: string
  /** Whether the origins as the reference has them name a boolean under the path too, and not only under the key. */
  readonly keepsOrigin: boolean
}

/** Where a source of requirements stands among the others. */
export type RequirementsSource =
  | 'managedPreferences'
  | 'cloud'
  | 'system'
  | 'legacyManagedPreferences'
  | 'legacyManagedFile'

/** What differs between releases of one CLI, as data: `layers/precedence.ts` holds a set for each range of versions. */
export interface LayerRules {
  readonly runtime: string
  /** The release that was asked for, or the newest that is known. */
  readonly cliVersion: string
  /** A sentence when the release is newer than what was observed; its rules are then those of the newest known one. */
  readonly notice: string | null
  /** Higher overrides lower. A type that is not here cannot be in a stack of this runtime. */
  readonly precedence: Readonly<Partial<Record<LayerType, number>>>
  readonly aliases: readonly KeyAlias[]
  readonly keyForms: readonly KeyForm[]
  readonly switches: readonly Switch[]
  /** Whether `filters` of `shell_environment_policy` end the older lists of the layers below, and lists their `filters`. */
  readonly mergesEnvironmentFilters: boolean
  /** How two arrays meet: the higher one counts, or its items follow those of the lower one, a repeated scalar once. */
  readonly arrays: 'replaced' | 'joined'
  /** Paths that a higher layer replaces whole, tables and joined arrays too. `*` stands for any key. */
  readonly replacedWhole: readonly (readonly string[])[]
  /** `plain` splits at every dot; `quoted` lets a segment stand in double quotes. */
  readonly keyPaths: 'plain' | 'quoted'
  /** What a deletion below a table that is not there gets. */
  readonly deleteBelowNothing: 'ok' | 'configPathNotFound'
  /** Which difference between what was written and what applies is reported: `higher-layer` or any at all. */
  readonly reportsOverride: 'higher-layer' | 'any-difference'
  /** Order of the keys of a table that a write creates. */
  readonly newTableOrder: 'as-given' | 'sorted'
  /** Top-level keys of the user layer that a write may delete but not set. */
  readonly unwritableKeys: readonly string[]
  /** `first-source`: per field, the first source that sets it wins whole. `merged`: composed low to high like layers. */
  readonly requirements: {
    readonly composition: 'first-source' | 'merged'
    /** Strongest first. */
    readonly sources: readonly RequirementsSource[]
    /** How a reviewer that is not a person is spelled. */
    readonly automaticReviewer: 'auto_review' | 'guardian_subagent'
  }
  /** The order in which files are read; the first that cannot be used is the one that is reported. */
  readonly readOrder: readonly ('managed' | 'system' | 'requirements' | 'user' | 'project')[]
  /** Which of two `_` in a row in a number is reported. */
  readonly doubleUnderscore: 'first' | 'second'
  /** Whether flags before the subcommand count when it has flags of its own. */
  readonly rootFlags: 'joined' | 'dropped'
  /** Paths that a project may not set; taken out before its layer gets its version. `*` stands for any key. */
  readonly projectStripped: readonly (readonly string[])[]
  /** How the reason of a project that is marked untrusted is worded. */
  readonly untrustedWording: 'user-config' | 'effective-configuration'
}
