import type { TomlScalar } from '#layers/value.ts'

/** Offsets into the text in UTF-16 units: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** One segment of a key. `name` is what it means, the span what was written, quotes included. */
export interface KeyNode extends Span {
  readonly name: string
}

/** A value that holds no other. The span is its text, quotes included. */
export interface ScalarNode extends Span {
  readonly kind: 'scalar'
  readonly value: TomlScalar
}

/** `[1, 2]`, brackets included in the span. */
export interface ArrayNode extends Span {
  readonly kind: 'array'
  readonly items: readonly ValueNode[]
}

/** `{ a = 1 }`, braces included in the span. */
export interface InlineTableNode extends Span {
  readonly kind: 'inline-table'
  readonly pairs: readonly PairNode[]
}

/** What stands right of an equals sign or in an array. */
export type ValueNode = ScalarNode | ArrayNode | InlineTableNode

/** `a.b = 1`: the span goes from the first key to the end of the value. `path` has at least one key. */
export interface PairNode extends Span {
  readonly path: readonly KeyNode[]
  readonly value: ValueNode
}

/** `[a.b]` or `[[a.b]]` with the pairs below it. The span is the header's, from its first to its last bracket. */
export interface SectionNode extends Span {
  readonly kind: 'table' | 'array-of-tables'
  readonly path: readonly KeyNode[]
  readonly pairs: readonly PairNode[]
}

/**
 * A TOML text taken apart: everything that means something, with its place. What is between the spans is blank space and
 * comments, so that the text can be put together again to the last byte.
 */
export interface TomlSyntax {
  /** The text itself. A leading byte-order mark is part of it; offsets count it. */
  readonly text: string
  /** The pairs before the first header. */
  readonly pairs: readonly PairNode[]
  readonly sections: readonly SectionNode[]
}
