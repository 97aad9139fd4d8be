import { formatKeyPath, parseKeyPath } from '#layers/key-path.ts'
import type { ConfigLayer, Origin } from '#layers/layer.ts'
import { renameAliases } from '#layers/merge/aliases.ts'
import { joinsAt } from '#layers/merge/joined-arrays.ts'
import { settingAt } from '#layers/merge/switches.ts'
import {
  EMPTY_TABLE,
  isArray,
  isTable,
  kindOf,
  valueAt,
  type TomlTable,
  type TomlValue,
} from '#layers/value.ts'

import { layerTitle } from './layer-title.ts'
import type { StackView } from './stack-view.ts'

/** A value that a layer has and that does not apply. */
export interface HiddenValue {
  readonly origin: Origin
  readonly value: TomlValue
}

/** Which layer decides about a key. */
export interface KeyExplanation {
  readonly path: readonly string[]
  /** The path as text, segments in quotes where they must be. */
  readonly key: string
  /** What applies; null when nothing does. */
  readonly value: TomlValue | null
  /** Who supplies it; null when nothing applies, or when it is put together of what several layers say. */
  readonly winner: Origin | null
  /** What layers further down say, the next lower first. All that is said when nothing applies. */
  readonly hides: readonly HiddenValue[]
  /** What disabled layers say, highest first. */
  readonly disabled: readonly (HiddenValue & { readonly reason: string })[]
  /** One clause for people: `set by …, which wins over …`. Names layers and kinds, never a value. */
  readonly why: string
}

/** A value of the effective configuration that has no keys in it: everything but a table, and an empty table. */
export interface Leaf {
  readonly path: readonly string[]
  readonly key: string
  readonly value: TomlValue
}

/** Explains one key: see `ConfigLayerStack.explain`. */
export function explainKey(stack: StackView, key: string | readonly string[]): KeyExplanation {
  return new Explainer(stack).explain(pathOf(stack, key))
}

/** Explains every leaf at or below a path: see `ConfigLayerStack.explainAll`. */
export function explainAll(stack: StackView, below?: string | readonly string[]): readonly KeyExplanation[] {
  const explainer = new Explainer(stack)
  const path = below === undefined ? [] : pathOf(stack, below)
  const value = valueAt(stack.effectiveConfig(), path)
  if (value === undefined) return []
  return leavesOf(value, path).map((leaf) => explainer.explainLeaf(leaf))
}

/** The leaves of a value in the order of its keys. */
export function leavesOf(value: TomlValue, path: readonly string[]): readonly Leaf[] {
  if (!isTable(value) || value.size === 0) {
    return path.length === 0 ? [] : [{ path, key: formatKeyPath(path), value }]
  }
  return [...value].flatMap(([key, each]) => leavesOf(each, [...path, key]))
}

/** Understands every key that the stack itself writes; among them are keys that are empty, which no path may hold. */
function pathOf(stack: StackView, key: string | readonly string[]): readonly string[] {
  if (typeof key !== 'string') return key
  const leaf = leavesOf(stack.effectiveConfig(), []).find((each) => each.key === key)
  return leaf === undefined ? parseKeyPath(key, 'quoted') : leaf.path
}

/** A layer with its keys in their canonical spelling. */
interface NamedLayer {
  readonly layer: ConfigLayer
  readonly origin: Origin
  readonly title: string
  readonly config: TomlTable
}

/** Those who supply a value or the leaves below it, each once, highest first. */
type Suppliers = readonly NamedLayer[]

/** Answers any number of questions about one stack. */
class Explainer {
  readonly #stack: StackView
  readonly #enabled: readonly NamedLayer[]
  readonly #disabled: readonly NamedLayer[]
  readonly #bySource = new Map<string, NamedLayer>()
  readonly #byOrigin = new Map<Origin, NamedLayer | undefined>()

  constructor(stack: StackView) {
    const named = stack.allLayers().map((layer) => ({
      layer,
      origin: { name: layer.name, version: layer.version },
      title: layerTitle(layer.name),
      config: renameAliases(layer.config, stack.profile.rules.aliases),
    }))
    this.#stack = stack
    this.#enabled = named.filter(({ layer }) => layer.disabledReason === undefined)
    this.#disabled = named.filter(({ layer }) => layer.disabledReason !== undefined)
    // The highest of those that are the same in every way, as two threads with the same settings are.
    for (const each of this.#enabled.toReversed()) this.#bySource.set(sourceOf(each.origin), each)
  }

  explain(path: readonly string[]): KeyExplanation {
    const value = this.#valueIn(this.#stack.effectiveConfig(), path) ?? null
    const leaves = value === null ? [] : this.#leavesAt(value, path)
    const suppliers = new Set(leaves.flatMap((leaf) => this.#suppliersOf(leaf)))
    return this.#explained(
      { path, key: formatKeyPath(path), value },
      this.#enabled.filter((layer) => suppliers.has(layer)),
    )
  }

  explainLeaf(leaf: Leaf): KeyExplanation {
    return this.#explained(leaf, this.#suppliersOf(leaf))
  }

  #explained(
    { path, key, value }: Pick<KeyExplanation, 'path' | 'key' | 'value'>,
    suppliers: Suppliers,
  ): KeyExplanation {
    const hidden = this.#hidden(path, suppliers)
    return {
      path,
      key,
      value,
      winner: suppliers.length === 1 ? (suppliers[0]?.origin ?? null) : null,
      hides: hidden.map(({ origin, config }) => ({
        origin,
        value: this.#valueIn(config, path) ?? EMPTY_TABLE,
      })),
      disabled: this.#disabledAt(path),
      why: value === null ? this.#whyNot(path, hidden) : whyItApplies(suppliers, hidden),
    }
  }

  #valueIn(config: TomlTable, path: readonly string[]): TomlValue | undefined {
    return settingAt(config, path, this.#stack.profile.rules.switches)
  }

  /** More than one for an array that is joined of those of several layers. */
  #suppliersOf(leaf: Leaf): Suppliers {
    const supplier = this.#supplierOf(leaf)
    if (supplier === undefined) return []
    if (!isArray(leaf.value) || !joinsAt(leaf.path, this.#stack.profile.rules)) return [supplier]
    const setting = this.#enabled.filter(({ config }) => valueAt(config, leaf.path) !== undefined)
    const other = setting.findIndex(({ config }) => !isArray(valueAt(config, leaf.path)))
    return other === -1 ? setting : setting.slice(0, other)
  }

  #supplierOf({ key }: Leaf): NamedLayer | undefined {
    const origin = this.#stack.liveOrigins().get(key)
    if (origin === undefined) return undefined
    // Leaves share the origins of their layers, and telling sources apart takes longer than finding one again.
    if (!this.#byOrigin.has(origin)) this.#byOrigin.set(origin, this.#bySource.get(sourceOf(origin)))
    return this.#byOrigin.get(origin)
  }

  /** An item of an array has no origin of its own: the array is replaced as a whole. */
  #leavesAt(value: TomlValue, path: readonly string[]): readonly Leaf[] {
    const effective = this.#stack.effectiveConfig()
    const array = path
      .map((_, depth) => path.slice(0, depth))
      .find((parents) => isArray(valueAt(effective, parents)))
    return leavesOf(array === undefined ? value : [], array ?? path)
  }

  /** Those further down that have a value at a path; where several are merged, only who has no part in it. */
  #hidden(path: readonly string[], suppliers: Suppliers): readonly NamedLayer[] {
    const [highest] = suppliers
    const lower =
      highest === undefined ? this.#enabled : this.#enabled.slice(this.#enabled.indexOf(highest) + 1)
    return lower.filter((layer) => {
      const value = this.#valueIn(layer.config, path)
      if (suppliers.includes(layer)) return false
      return value !== undefined && (suppliers.length < 2 || !isTable(value))
    })
  }

  #disabledAt(path: readonly string[]): KeyExplanation['disabled'] {
    return this.#disabled.flatMap(({ layer, origin, config }) => {
      const value = this.#valueIn(config, path)
      return value === undefined ? [] : [{ origin, value, reason: layer.disabledReason ?? '' }]
    })
  }

  /** Why nothing applies: nobody sets it, or somebody further up put something else where its table would be. */
  #whyNot(path: readonly string[], hidden: readonly NamedLayer[]): string {
    const [highest] = hidden
    if (highest === undefined) return 'no layer sets it'
    const above = this.#enabled.slice(0, this.#enabled.indexOf(highest)).toReversed()
    for (const { title, config } of above) {
      const blocked = path.findIndex((_, depth) => isBlocked(config, path.slice(0, depth + 1)))
      if (blocked === -1) continue
      const parents = path.slice(0, blocked + 1)
      const kind = kindOf(valueAt(config, parents) ?? EMPTY_TABLE)
      return `does not apply: ${title} sets ${formatKeyPath(parents)} to ${withArticle(kind)}, which replaces everything below it`
    }
    return `does not apply in this form, in which ${highest.title} sets it`
  }
}

function isBlocked(config: TomlTable, path: readonly string[]): boolean {
  const value = valueAt(config, path)
  return value !== undefined && !isTable(value)
}

function whyItApplies(suppliers: Suppliers, hidden: readonly NamedLayer[]): string {
  const set = `${suppliers.length > 1 ? 'set in parts by' : 'set by'} ${titles(suppliers)}`
  return hidden.length === 0 ? set : `${set}, which wins over ${titles(hidden)}`
}

function titles(layers: readonly NamedLayer[]): string {
  const words = layers.map(({ title }) => title)
  const last = words.at(-1) ?? 'no layer'
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}

/** Two layers may have one name, as those of the session have; then they differ in what they say. */
function sourceOf({ name, version }: Origin): string {
  return `${layerTitle(name)} ${version}`
}
