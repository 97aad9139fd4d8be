import { fingerprint } from './fingerprint.ts'
import type { TomlTable } from './value.ts'

/**
 * Which source a layer is, as the reference's API spells it. `type` decides the precedence ({@link LayerRules}), the other
 * fields say which one of that type it is. A source of a runtime that the reference does not know adds its own types.
 */
export type LayerName =
  | { readonly type: 'packagedDefaults'; readonly file: string }
  | { readonly type: 'mdm'; readonly domain: string; readonly key: string }
  | { readonly type: 'system'; readonly file: string }
  | { readonly type: 'enterpriseManaged'; readonly id: string; readonly name: string }
  | { readonly type: 'user'; readonly file: string }
  | { readonly type: 'project'; readonly dotCodexFolder: string }
  /** A file of a project for a runtime whose projects have several, such as claude's shared and local settings. */
  | { readonly type: 'projectFile'; readonly file: string }
  | { readonly type: 'localFile'; readonly file: string }
  | { readonly type: 'sessionFlags' }
  /** Set by an administrator for the users it selects: a ManagedRuntimeConfig of the server. */
  | { readonly type: 'managedRuntimeConfig'; readonly name: string }
  /** A managed file of a runtime other than codex. */
  | { readonly type: 'managedFile'; readonly file: string }
  | { readonly type: 'legacyManagedConfigTomlFromFile'; readonly file: string }
  | { readonly type: 'legacyManagedConfigTomlFromMdm' }

/** The word for a kind of source. */
export type LayerType = LayerName['type']

/** One source's settings. Made by {@link createLayer}; never changed. */
export interface ConfigLayer {
  readonly name: LayerName
  /** What the source says, after the runtime's normalisation. */
  readonly config: TomlTable
  /** `sha256:` and 64 hexadecimal digits: changes exactly when the parsed value does. */
  readonly version: string
  /** Why it counts for nothing: a sentence. Absent means that it counts. */
  readonly disabledReason?: string
}

/** Who supplies a key. */
export interface Origin {
  readonly name: LayerName
  readonly version: string
}

/** Makes a layer of a source's settings and gives it its version. */
export function createLayer(name: LayerName, config: TomlTable, disabledReason?: string): ConfigLayer {
  const layer = { name, config, version: fingerprint(config) }
  return disabledReason === undefined ? layer : { ...layer, disabledReason }
}
