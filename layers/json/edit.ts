import { LayersError } from '#layers/errors.ts'
import { isTable, sameValue, type TomlValue } from '#layers/value.ts'
import { trimWhiteSpace } from '#layers/white-space.ts'

import { readJson } from './read.ts'
import { spansOf, type JsonMember, type JsonNode } from './spans.ts'
import { isSpread, renderJson, styleOf, type JsonStyle } from './style.ts'
import { toTomlValue } from './values.ts'

/** One change of a document. A value of null deletes; `upsert` merges a table into a table and else replaces. */
export interface JsonEdit {
  /** At least one key. */
  readonly path: readonly string[]
  readonly value: TomlValue | null
  readonly mergeStrategy: 'replace' | 'upsert'
}

/**
 * Changes what a JSON document says and nothing else in it: order, indentation and spelling of everything that an edit is
 * not about stay byte for byte. A new key goes to the end of its object. An empty text becomes a document with two spaces
 * of indentation and a final newline. Edits that change nothing give the very same text. The edits have been checked:
 * whatever is in the way of a path is replaced.
 *
 * @throws LayersError `configSyntaxError`, `configTooDeep` when the text is no JSON, `configTypeError` when it holds
 *   something else than an object, `configValidationError` for a number that JSON does not have
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  return edits.reduce(editOnce, text)
}

const EMPTY_DOCUMENT = '{}\n'

function editOnce(text: string, edit: JsonEdit): string {
  if (trimWhiteSpace(text) === '') return edit.value === null ? text : editDocument(EMPTY_DOCUMENT, edit)
  const value = readJson(text)
  if (value instanceof Map) return editDocument(text, edit)
  throw new LayersError('configTypeError', 'expected an object, got something else')
}

function editDocument(text: string, { path, value, mergeStrategy }: JsonEdit): string {
  if (value === null) return remove(text, path)
  const merged = mergeStrategy === 'upsert' && isTable(value) ? membersOf(memberAt(text, path)) : null
  if (merged === null || !isTable(value)) return set(text, path, value)
  return [...value].reduce(
    (after, [key, item]) => editDocument(after, { path: [...path, key], value: item, mergeStrategy }),
    text,
  )
}

function memberAt(text: string, path: readonly string[]): JsonMember | undefined {
  let node: JsonNode | undefined = spansOf(text)
  let member: JsonMember | undefined
  for (const key of path) {
    // Of equal keys the last one counts.
    member = node?.members?.findLast((each) => each.key === key)
    node = member?.value
  }
  return member
}

function membersOf(member: JsonMember | undefined): readonly JsonMember[] | null {
  return member?.value.members ?? null
}

/** What to put where. */
interface Insertion {
  readonly text: string
  readonly root: JsonNode
  readonly style: JsonStyle
}

function set(text: string, path: readonly string[], value: TomlValue): string {
  const root = spansOf(text)
  const insertion = { text, root, style: styleOf(text, root) }
  let node = root
  for (const [index, key] of path.entries()) {
    const member = node.members?.findLast((each) => each.key === key)
    const rest = path.slice(index + 1)
    if (member === undefined) return append(insertion, node, [key, nested(rest, value)])
    if (rest.length === 0 || member.value.members === null)
      return replace(insertion, member, nested(rest, value))
    node = member.value
  }
  return text
}

function nested(path: readonly string[], value: TomlValue): TomlValue {
  return path.reduceRight<TomlValue>((below, key) => new Map([[key, below]]), value)
}

function replace({ text, style }: Insertion, member: JsonMember, value: TomlValue): string {
  const { start, end } = member.value
  const before = text.slice(start, end)
  if (isSame(before, value)) return text
  const isOnOneLine = style.unit === '' || (isCollection(before) && !before.includes('\n'))
  const after = renderJson(value, style, isOnOneLine ? null : indentAt(text, member.start))
  return `${text.slice(0, start)}${after}${text.slice(end)}`
}

/** A list or an object that is there on one line stays on one; what stood there empty shows no wish. */
function isCollection(text: string): boolean {
  return /^[[{][^]*[^\s[{][^]*[\]}]$/.test(text)
}

function isSame(text: string, value: TomlValue): boolean {
  const json = readJson(text)
  // A null somewhere in it is no value of ours, so that nothing equals it.
  return !holdsNull(json) && sameValue(toTomlValue(json), value)
}

function holdsNull(json: ReturnType<typeof readJson>): boolean {
  if (json instanceof Map) return [...json.values()].some(holdsNull)
  return Array.isArray(json) ? json.some(holdsNull) : json === null
}

type Addition = readonly [key: string, value: TomlValue]

function append(insertion: Insertion, node: JsonNode, addition: Addition): string {
  const last = node.members?.at(-1)
  return last === undefined
    ? fill(insertion, node, addition)
    : appendAfter(insertion, { node, last }, addition)
}

function fill({ text, style }: Insertion, node: JsonNode, addition: Addition): string {
  const outer = indentAt(text, node.start)
  const isOnOneLine = style.unit === ''
  const inner = `${outer}${style.unit}`
  const member = renderMember(addition, style, isOnOneLine ? null : inner)
  const lines = isOnOneLine ? ['{', member, '}'] : ['{', `${inner}${member}`, `${outer}}`]
  const filled = lines.join(isOnOneLine ? '' : style.lineEnd)
  return `${text.slice(0, node.start)}${filled}${text.slice(node.end)}`
}

function appendAfter(
  { text, style }: Insertion,
  { node, last }: { readonly node: JsonNode; readonly last: JsonMember },
  addition: Addition,
): string {
  const inner = isSpread(text, node) ? indentAt(text, last.start) : null
  const gap = inner === null ? style.afterColon : `${style.lineEnd}${inner}`
  return `${text.slice(0, last.end)},${gap}${renderMember(addition, style, inner)}${text.slice(last.end)}`
}

function renderMember([key, value]: Addition, style: JsonStyle, indent: string | null): string {
  return `${JSON.stringify(key)}:${style.afterColon}${renderJson(value, style, indent)}`
}

/** What the line starts with on which a place is. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  return /^[ \t]*/.exec(line)?.[0] ?? ''
}

function remove(text: string, path: readonly string[]): string {
  const key = path.at(-1)
  const parent = path.length === 1 ? spansOf(text) : memberAt(text, path.slice(0, -1))?.value
  const members = parent?.members ?? []
  const index = members.findLastIndex((each) => each.key === key)
  const member = members[index]
  if (parent === undefined || member === undefined) return text
  // Again, because the same key may be there more than once.
  return remove(
    withoutMember(text, parent, { before: members[index - 1], member, after: members[index + 1] }),
    path,
  )
}

function withoutMember(
  text: string,
  parent: JsonNode,
  {
    before,
    member,
    after,
  }: { before?: JsonMember | undefined; member: JsonMember; after?: JsonMember | undefined },
): string {
  if (after !== undefined) return `${text.slice(0, member.start)}${text.slice(after.start)}`
  if (before !== undefined) return `${text.slice(0, before.end)}${text.slice(member.end)}`
  return `${text.slice(0, parent.start)}{}${text.slice(parent.end)}`
}
