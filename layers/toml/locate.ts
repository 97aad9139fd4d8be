import type { TextRange } from '#layers/errors.ts'

import { rangeOf } from './faults.ts'
import type { KeyNode, PairNode, Span, TomlSyntax, ValueNode } from './syntax.ts'

/**
 * Where a value stands in its text.
 *
 * @param path keys, and decimal indices below arrays; an index that is no item of an array finds nothing
 * @returns the value with its quotes or brackets; for a table of its own the header that opens it; for a table that is only
 *   mentioned in longer keys the first of these. Null if there is none
 */
export function locateValue(syntax: TomlSyntax, path: readonly string[]): TextRange | null {
  const span = locateSpan(syntax, path)
  return span === null ? null : rangeOf(syntax.text, span)
}

/** The same as offsets. */
export function locateSpan(syntax: TomlSyntax, path: readonly string[]): Span | null {
  const search = new Search(path)
  search.visitPairs(syntax.pairs, 0)
  const counts = new Map<string, number>()
  for (const section of syntax.sections) {
    const place = withIndices(section.path, counts)
    if (section.kind === 'array-of-tables') place.push(countItem(place, counts))
    const matched = commonLength(place, path)
    if (matched === path.length) search.offer(section, place.length === path.length)
    else if (matched === place.length) search.visitPairs(section.pairs, matched)
  }
  return search.best
}

class Search {
  readonly #path: readonly string[]
  #exact: Span | null = null
  #mention: Span | null = null

  constructor(path: readonly string[]) {
    this.#path = path
  }

  /** The value itself, or else what mentions it first. */
  get best(): Span | null {
    return this.#exact ?? this.#mention
  }

  offer(span: Span, isExact: boolean): void {
    if (isExact) this.#exact ??= span
    else this.#mention ??= span
  }

  visitPairs(pairs: readonly PairNode[], depth: number): void {
    for (const { path, value } of pairs) {
      const matched = matchedKeys(path, this.#path, depth)
      if (depth + matched === this.#path.length && matched < path.length) this.offer(spanOfKeys(path), false)
      else if (matched === path.length) this.#visitValue(value, depth + matched)
    }
  }

  #visitValue(value: ValueNode, depth: number): void {
    if (depth === this.#path.length) {
      this.offer(value, true)
      return
    }
    if (value.kind === 'inline-table') this.visitPairs(value.pairs, depth)
    if (value.kind !== 'array') return
    const item = value.items[Number(this.#path[depth])]
    if (item !== undefined) this.#visitValue(item, depth + 1)
  }
}

function matchedKeys(keys: readonly KeyNode[], path: readonly string[], from: number): number {
  let matched = 0
  while (
    matched < keys.length &&
    from + matched < path.length &&
    keys[matched]?.name === path[from + matched]
  )
    matched += 1
  return matched
}

function spanOfKeys(keys: readonly KeyNode[]): Span {
  return { start: keys[0]?.start ?? 0, end: keys.at(-1)?.end ?? 0 }
}

/** The path of a header with the index of the newest item behind every array of tables on the way. */
function withIndices(keys: readonly KeyNode[], counts: ReadonlyMap<string, number>): string[] {
  const place: string[] = []
  keys.forEach(({ name }, index) => {
    place.push(name)
    const count = index === keys.length - 1 ? undefined : counts.get(JSON.stringify(place))
    if (count !== undefined) place.push(String(count - 1))
  })
  return place
}

function countItem(place: readonly string[], counts: Map<string, number>): string {
  const key = JSON.stringify(place)
  const count = counts.get(key) ?? 0
  counts.set(key, count + 1)
  return String(count)
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  let length = 0
  while (length < one.length && length < other.length && one[length] === other[length]) length += 1
  return length
}
