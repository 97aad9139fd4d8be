import { blank, USUAL_DECOR, type Decor } from './decor.ts'
import type { DocumentKey } from './document.ts'
import type { KeyNode } from './syntax.ts'

/** The keys of a dotted path as keys of a document. */
export interface OpenedPath {
  readonly parents: readonly DocumentKey[]
  readonly last: DocumentKey
}

/**
 * Makes the keys of a path, each with the blank space around the dots beside it.
 *
 * @param leaf what stands around the whole path
 */
export function openPath(text: string, path: readonly KeyNode[], leaf: Decor): OpenedPath {
  const keys = path.map((node, index) =>
    openKey(text, node, { before: path[index - 1], after: path[index + 1] }),
  )
  const last = keys.pop() ?? { name: '', text: null, leaf: USUAL_DECOR, dotted: USUAL_DECOR }
  return { parents: keys, last: { ...last, leaf } }
}

interface Neighbours {
  readonly before: KeyNode | undefined
  readonly after: KeyNode | undefined
}

function openKey(text: string, node: KeyNode, { before, after }: Neighbours): DocumentKey {
  const prefix = before === undefined ? null : blank(text, text.indexOf('.', before.end) + 1, node.start)
  const suffix = after === undefined ? null : blank(text, node.end, text.indexOf('.', node.end))
  return {
    name: node.name,
    text: text.slice(node.start, node.end),
    leaf: USUAL_DECOR,
    dotted: { prefix, suffix },
  }
}
