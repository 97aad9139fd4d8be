import type { ConfigLayer, Origin } from '#layers/layer.ts'
import type { Requirements } from '#layers/requirements/requirements.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import type { TomlTable } from '#layers/value.ts'

/** What can be asked of layers that lie on each other; `ConfigLayerStack` is one. Nothing of it ever changes. */
export interface StackView {
  readonly profile: RuntimeProfile
  readonly requirements: Requirements | null
  /** Highest first, disabled ones included. */
  allLayers(): readonly ConfigLayer[]
  /** Highest first, without the disabled ones. */
  layersHighToLow(): readonly ConfigLayer[]
  /** The one layer that a write may change. */
  userLayer(): ConfigLayer | null
  /** What applies: every enabled layer merged, keys in their canonical spelling. */
  effectiveConfig(): TomlTable
  /** Who supplies each leaf of {@link effectiveConfig}, and of nothing else. Keys are quoted where they must be. */
  liveOrigins(): ReadonlyMap<string, Origin>
}
