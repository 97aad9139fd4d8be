import { CODE, Cursor, describeNext, finishLine, type ReadOptions, skipBlank, skipSpaces } from './cursor.ts'
import { type SyntaxFault, syntaxError } from './faults.ts'
import { readPath } from './keys.ts'
import { parsePair } from './parse-value.ts'
import { readString } from './strings.ts'
import type { KeyNode, PairNode, SectionNode, TomlSyntax } from './syntax.ts'
import { toTable } from './table.ts'

/** Header and pairs while they are being read. */
interface OpenSection extends SectionNode {
  readonly pairs: PairNode[]
}

/**
 * Takes a text apart. What the keys mean together is left to {@link toTable}; every token is checked.
 *
 * @throws LayersError `configSyntaxError`, or `configTooDeep` for more than 80 levels or segments, with the range and the line.
 *   Of several faults it is the one that the reference reports: of structure before those of tokens, keys and ranges
 */
export function parseTomlSyntax(text: string, options: ReadOptions = {}): TomlSyntax {
  const cursor = new Cursor(text, options)
  const pairs: PairNode[] = []
  const sections: OpenSection[] = []
  let current = pairs
  for (;;) {
    skipBlank(cursor)
    if (cursor.at >= text.length) break
    if (text.charCodeAt(cursor.at) === CODE.openBracket) {
      const section = parseHeader(cursor)
      sections.push(section)
      current = section.pairs
    } else {
      refuseLine(cursor)
      current.push(parsePair(cursor))
      finishLine(cursor)
    }
  }
  const syntax = { text, pairs, sections }
  if (cursor.tokenFault !== null) throwFirst(syntax, cursor.tokenFault)
  if (cursor.rangeFault !== null) throwAfterKeys(syntax, cursor.rangeFault)
  return syntax
}

function refuseLine(cursor: Cursor): void {
  const code = cursor.text.charCodeAt(cursor.at)
  if (code === CODE.closeBracket)
    cursor.fail(cursor.at, 'expected a key or a header, got `]` without a `[` before it')
  if (code === CODE.comma || code === CODE.openBrace || code === CODE.closeBrace) {
    cursor.fail(cursor.at, `expected a key or a header, got ${describeNext(cursor)}`)
  }
}

function parseHeader(cursor: Cursor): OpenSection {
  const { text, at: start } = cursor
  const isArray = text.charCodeAt(start + 1) === CODE.openBracket
  cursor.at += isArray ? 2 : 1
  const path = readPath(cursor)
  skipSpaces(cursor)
  if (text.charCodeAt(cursor.at) === CODE.closeBracket) {
    closeHeader(cursor, isArray)
  } else if (cursor.isKeyBroken) {
    return skipBrokenHeader(cursor, start)
  } else {
    cursor.fail(
      cursor.lastEnd,
      `expected \`${isArray ? ']]' : ']'}\` at the end of the header, got ${describeNext(cursor)}`,
    )
  }
  const end = cursor.at
  finishLine(cursor)
  return { kind: isArray ? 'array-of-tables' : 'table', path, pairs: [], start, end }
}

function closeHeader(cursor: Cursor, isArray: boolean): void {
  cursor.at += 1
  if (!isArray) return
  if (cursor.text.charCodeAt(cursor.at) !== CODE.closeBracket) {
    cursor.fail(cursor.at, 'expected `]]` at the end of the header, got `]`')
  }
  cursor.at += 1
}

/** Its fault is noted already; what follows on the line means nothing, but faults of structure further down count first. */
function skipBrokenHeader(cursor: Cursor, start: number): OpenSection {
  const { text } = cursor
  const path: readonly KeyNode[] = [{ name: '', start, end: start }]
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at)
    if (code === CODE.lineFeed || code === CODE.carriageReturn || code === CODE.hash) break
    if (code === CODE.quote || code === CODE.apostrophe) readString(cursor)
    else cursor.at += 1
  }
  finishLine(cursor)
  return { kind: 'table', path, pairs: [], start, end: text.length }
}

/** A key that is given twice before the fault is reported instead of it. */
function throwFirst(syntax: TomlSyntax, fault: SyntaxFault): never {
  const { text } = syntax
  const sections: SectionNode[] = []
  for (const { kind, path, pairs, start, end } of before(syntax.sections, fault.start)) {
    sections.push({ kind, path, pairs: before(pairs, fault.start), start, end })
  }
  const last = sections.at(-1)
  // The header of an item counts when its section ends, which it does not before the fault: its pairs stand alone.
  if (last?.kind === 'array-of-tables') {
    toTable({ text, pairs: before(syntax.pairs, fault.start), sections: sections.slice(0, -1) })
    toTable({ text, pairs: last.pairs, sections: [] })
  } else {
    toTable({ text, pairs: before(syntax.pairs, fault.start), sections })
  }
  throw syntaxError(text, fault)
}

function before<Node extends { readonly end: number }>(
  nodes: readonly Node[],
  offset: number,
): readonly Node[] {
  return nodes.filter(({ end }) => end < offset)
}

function throwAfterKeys(syntax: TomlSyntax, fault: SyntaxFault): never {
  toTable(syntax)
  throw syntaxError(syntax.text, fault)
}
