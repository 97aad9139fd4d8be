import { blank, type Decor } from './decor.ts'
import { USUAL_DECOR } from './decor.ts'
import type { DocumentArray, DocumentInlineTable, DocumentKey, DocumentValue, Entries } from './document.ts'
import { openPath } from './open-path.ts'
import type { ArrayNode, InlineTableNode, PairNode, ValueNode } from './syntax.ts'

/**
 * Makes a value of a document.
 *
 * @param decor what stands around it
 */
export function openValue(text: string, node: ValueNode, decor: Decor): DocumentValue {
  switch (node.kind) {
    case 'array':
      return openArray(text, node, decor)
    case 'inline-table':
      return openInlineTable(text, node, decor)
    default:
      return { kind: 'scalar', text: text.slice(node.start, node.end), decor }
  }
}

function openArray(text: string, { items, start, end }: ArrayNode, decor: Decor): DocumentArray {
  const parts: (string | DocumentValue)[] = []
  let seen = start
  for (const item of items) {
    parts.push(blank(text, seen, item.start), openValue(text, item, { prefix: '', suffix: '' }))
    seen = item.end
  }
  return { kind: 'array', parts: [...parts, blank(text, seen, end)], decor }
}

function openInlineTable(text: string, node: InlineTableNode, decor: Decor): DocumentInlineTable {
  const entries: Entries<DocumentValue> = new Map()
  let seen = node.start + 1
  let trailing = ''
  node.pairs.forEach((pair, index) => {
    const isLast = index === node.pairs.length - 1
    const separator = findComma(text, pair.end)
    const hasComma = separator < node.end - 1
    const end = hasComma ? separator : node.end - 1
    addPair(text, entries, { pair, before: blank(text, seen, pair.start), after: blank(text, pair.end, end) })
    seen = hasComma ? end + 1 : end
    if (isLast && hasComma) trailing = `,${blank(text, seen, node.end - 1)}`
  })
  if (node.pairs.length === 0) trailing = blank(text, seen, node.end - 1)
  return { kind: 'inline-table', entries, isDotted: false, trailing, decor }
}

interface InlinePair {
  readonly pair: PairNode
  readonly before: string
  readonly after: string
}

function addPair(text: string, entries: Entries<DocumentValue>, { pair, before, after }: InlinePair): void {
  const lastKey = pair.path.at(-1) ?? { end: pair.start }
  const equals = text.indexOf('=', lastKey.end)
  const leaf = { prefix: before, suffix: blank(text, lastKey.end, equals) }
  const { parents, last } = openPath(text, pair.path, leaf)
  let current = entries
  for (const key of parents) current = dottedEntries(current, key)
  const decor = { prefix: blank(text, equals + 1, pair.value.start), suffix: after }
  current.set(last.name, { key: last, item: openValue(text, pair.value, decor) })
}

function dottedEntries(entries: Entries<DocumentValue>, key: DocumentKey): Entries<DocumentValue> {
  const item = entries.get(key.name)?.item
  if (item?.kind === 'inline-table') return item.entries
  const below: Entries<DocumentValue> = new Map()
  entries.set(key.name, {
    key,
    item: { kind: 'inline-table', entries: below, isDotted: true, trailing: '', decor: USUAL_DECOR },
  })
  return below
}

// Between a value and the comma or brace after it there is nothing but blank space, line ends and comments.
const UP_TO_SEPARATOR = /(?:[ \t\r\n]|#[^\n]*)*/uy

/** Where the comma or the closing brace after a pair stands. */
function findComma(text: string, start: number): number {
  UP_TO_SEPARATOR.lastIndex = start
  UP_TO_SEPARATOR.test(text)
  return UP_TO_SEPARATOR.lastIndex
}
