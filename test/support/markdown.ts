import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The root of the repository. */
export const ROOT = new URL('../..', import.meta.url).pathname

/** A table of a document, cells without backticks around them. */
export interface MarkdownTable {
  /** The text of the heading above it. */
  readonly section: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A block of code of a document. */
export interface CodeBlock {
  readonly section: string
  readonly language: string
  readonly text: string
}

/** A document, read whole. Path from the root of the repository. */
export interface MarkdownDocument {
  readonly path: string
  readonly tables: readonly MarkdownTable[]
  readonly blocks: readonly CodeBlock[]
  /** What headings can be linked to as, the way GitHub makes it. */
  readonly anchors: ReadonlySet<string>
  /** Targets of links, as written. */
  readonly links: readonly string[]
}

/** Reads a document of this repository. */
export function readMarkdown(path: string): MarkdownDocument {
  const parts = partsOf(readFileSync(join(ROOT, path), 'utf8'))
  const prose = parts.filter((part) => part.kind !== 'code')
  return {
    path,
    tables: parts.flatMap((part) => (part.kind === 'table' ? [toTable(part)] : [])),
    blocks: parts.flatMap(({ kind, section, lines: [first = '', ...rest] }) =>
      kind === 'code' ? [{ section, language: first.trim().slice(3), text: undent(first, rest) }] : [],
    ),
    anchors: new Set(prose.flatMap(({ kind, section }) => (kind === 'heading' ? [anchorOf(section)] : []))),
    links: prose.flatMap(({ lines: some }) =>
      [...some.join('\n').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target),
    ),
  }
}

/** Finds the table below a heading whose first column has this name. */
export function tableOf(document: MarkdownDocument, section: string, column: string): MarkdownTable {
  const found = document.tables.find((table) => table.section === section && table.columns[0] === column)
  if (found === undefined) throw new Error(`expected a table of ${column} below "${section}"`)
  return found
}

/** One column of a table. */
export function columnOf(table: MarkdownTable, column: string): readonly string[] {
  const at = table.columns.indexOf(column)
  if (at < 0) throw new Error(`expected a column ${column}, got ${table.columns.join(', ')}`)
  return table.rows.map((row) => row[at] ?? '')
}

interface Part {
  readonly kind: 'heading' | 'code' | 'table' | 'text'
  readonly section: string
  readonly lines: readonly string[]
}

// A block of code first: what stands in it is neither heading nor table.
const PART = /^ *```.*\n(?:.*\n)*? *```$|^#{1,6} .*$|^\|.*(?:\n\|.*)*$|^.*$/gm

function partsOf(text: string): readonly Part[] {
  let section = ''
  return [...text.matchAll(PART)].map(([part]) => {
    const kind = kindOf(part)
    if (kind === 'heading') section = part.replace(/^#+ /, '').replaceAll('`', '')
    return { kind, section, lines: part.split('\n') }
  })
}

function kindOf(line: string): Part['kind'] {
  if (/^#{1,6} /.test(line)) return 'heading'
  if (/^ *```/.test(line)) return 'code'
  return line.startsWith('|') ? 'table' : 'text'
}

function toTable({ section, lines }: Part): MarkdownTable {
  const [columns = [], , ...rows] = lines.map(cellsOf)
  return { section, columns, rows }
}

function cellsOf(line: string): readonly string[] {
  return line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll(/^`(.*)`$/g, '$1'))
}

function undent(first: string, lines: readonly string[]): string {
  const indent = first.length - first.trimStart().length
  return lines
    .slice(0, -1)
    .map((line) => line.slice(indent))
    .join('\n')
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
