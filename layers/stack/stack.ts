import { LayersError } from '#layers/errors.ts'
import { createLayer, type ConfigLayer, type LayerType, type Origin } from '#layers/layer.ts'
import { collectOrigins } from '#layers/merge/collected-origins.ts'
import { liveOrigins } from '#layers/merge/live-origins.ts'
import { mergeLayers } from '#layers/merge/merge.ts'
import type { Requirements } from '#layers/requirements/requirements.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import type { TomlTable } from '#layers/value.ts'

import { diffStacks, type StackDiff } from './diff.ts'
import { explainAll, explainKey, type KeyExplanation } from './explain.ts'
import { layerTitle } from './layer-title.ts'
import { lintStack, type LintFinding } from './lint.ts'
import type { StackView } from './stack-view.ts'
import { threadLayers, type ThreadEntry } from './thread-entries.ts'

/** What a stack is made of. */
export interface StackParts {
  /** Lowest first; of those with one precedence, projects from the root of the project down. */
  readonly layers: readonly ConfigLayer[]
  readonly profile: RuntimeProfile
  readonly requirements?: Requirements | null
}

/**
 * The layers of one runtime's configuration, and what follows from them. Never changes: what would change it makes another.
 * Everything is worked out when it is first asked for, once.
 */
export class ConfigLayerStack implements StackView {
  readonly profile: RuntimeProfile
  readonly requirements: Requirements | null
  readonly #layers: readonly ConfigLayer[]
  readonly #enabled: readonly ConfigLayer[]
  #effective: TomlTable | null = null
  #origins: ReadonlyMap<string, Origin> | null = null
  #liveOrigins: ReadonlyMap<string, Origin> | null = null

  private constructor(parts: StackParts) {
    this.profile = parts.profile
    this.requirements = parts.requirements ?? null
    this.#layers = parts.layers
    this.#enabled = parts.layers.filter((layer) => layer.disabledReason === undefined)
  }

  /**
   * Lays layers on each other.
   *
   * @throws LayersError `layerOrderInvalid` when a layer lies below one that it must lie above, when projects do not run
   *   from the root down, when there are two user layers, or a layer that this runtime has not
   */
  static of(parts: StackParts): ConfigLayerStack {
    checkOrder(parts)
    return new ConfigLayerStack(parts)
  }

  effectiveConfig(): TomlTable {
    this.#effective ??= mergeLayers(
      this.#enabled.map((layer) => layer.config),
      this.profile.rules,
    )
    return this.#effective
  }

  /**
   * Who supplies a key, in the words of the CLI: array items by index, nothing quoted, and keys that a higher layer has
   * replaced still there. For showing, {@link liveOrigins} is better.
   */
  origins(): ReadonlyMap<string, Origin> {
    this.#origins ??= collectOrigins(this.#enabled, this.profile.rules)
    return this.#origins
  }

  liveOrigins(): ReadonlyMap<string, Origin> {
    this.#liveOrigins ??= liveOrigins(this.effectiveConfig(), this.#enabled, this.profile.rules)
    return this.#liveOrigins
  }

  layersHighToLow(): readonly ConfigLayer[] {
    return this.#enabled.toReversed()
  }

  allLayers(): readonly ConfigLayer[] {
    return this.#layers.toReversed()
  }

  userLayer(): ConfigLayer | null {
    return this.#layers.find((layer) => layer.name.type === 'user') ?? null
  }

  /**
   * The same stack with other settings in its user layer, which is made where there is none. Its version is that of `table`
   * as given, without the runtime's normalisation.
   *
   * @param path file of the user layer
   */
  withUserConfig(path: string, table: TomlTable): ConfigLayerStack {
    const layer = createLayer({ type: 'user', file: path }, table)
    const index = this.#layers.findIndex((each) => each.name.type === 'user')
    return this.#with(index === -1 ? this.#inserted(layer) : this.#layers.with(index, layer))
  }

  /** The same stack with the settings that threads bring along: above the flags of the session, below what is managed. */
  withThreadEntries(entries: readonly ThreadEntry[]): ConfigLayerStack {
    return threadLayers(entries).reduce<ConfigLayerStack>(
      (stack, layer) => stack.#with(stack.#inserted(layer)),
      this,
    )
  }

  /**
   * Says of one key which layer wins, what it hides, and why.
   *
   * @param key a path, or its text as `explainAll` and `liveOrigins` write it
   * @throws LayersError `configValidationError` when the text is no path
   */
  explain(key: string | readonly string[]): KeyExplanation {
    return explainKey(this, key)
  }

  /** Every leaf that applies, in the order of the effective configuration; with `below`, the leaves at and below a path. */
  explainAll(below?: string | readonly string[]): readonly KeyExplanation[] {
    return explainAll(this, below)
  }

  /** What applies differently in another stack: `before` is this one, `after` the other. */
  diff(other: ConfigLayerStack): StackDiff {
    return diffStacks(this, other)
  }

  /** What a person should know about these layers: see {@link LintFinding}. */
  lint(): readonly LintFinding[] {
    return lintStack(this)
  }

  #with(layers: readonly ConfigLayer[]): ConfigLayerStack {
    return ConfigLayerStack.of({ layers, profile: this.profile, requirements: this.requirements })
  }

  /** Above all layers of the same precedence. */
  #inserted(layer: ConfigLayer): readonly ConfigLayer[] {
    const precedence = precedenceOf(this.profile, layer.name.type)
    const index = this.#layers.findIndex((each) => precedenceOf(this.profile, each.name.type) > precedence)
    return this.#layers.toSpliced(index === -1 ? this.#layers.length : index, 0, layer)
  }
}

function precedenceOf({ runtime, rules }: RuntimeProfile, type: LayerType): number {
  const precedence = rules.precedence[type]
  if (precedence !== undefined) return precedence
  throw new LayersError('layerOrderInvalid', `${runtime} has no layer of the type ${type}`)
}

function checkOrder({ layers, profile }: StackParts): void {
  let previous: ConfigLayer | null = null
  let project: string | null = null
  for (const layer of layers) {
    const { name } = layer
    if (previous !== null) checkPair(profile, previous, layer)
    if (name.type === 'project') {
      checkProject(project, name.dotCodexFolder)
      project = name.dotCodexFolder
    }
    precedenceOf(profile, name.type)
    previous = layer
  }
}

function checkPair(profile: RuntimeProfile, below: ConfigLayer, above: ConfigLayer): void {
  const type = above.name.type
  const isTwice = type === 'user' && below.name.type === 'user'
  if (!isTwice && precedenceOf(profile, below.name.type) <= precedenceOf(profile, type)) return
  const problem = isTwice ? 'there can only be one user layer' : 'it belongs below'
  throw new LayersError(
    'layerOrderInvalid',
    `${layerTitle(above.name)} lies above ${layerTitle(below.name)}: ${problem}`,
  )
}

/** The folder above a project's own is the project; each must lie in the one before it. */
function checkProject(outer: string | null, inner: string): void {
  if (outer === null) return
  const folder = outer.replace(/[/\\]+[^/\\]*$/, '')
  if (inner !== outer && /^[/\\]/.test(inner.slice(folder.length)) && inner.startsWith(folder)) return
  throw new LayersError('layerOrderInvalid', `project layer ${inner} does not lie in ${folder}`)
}
