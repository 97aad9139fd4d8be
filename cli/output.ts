import { styleText } from 'node:util'

/** A colour or weight of `util.styleText`. */
export type Style = 'red' | 'green' | 'yellow' | 'cyan' | 'gray' | 'bold' | 'dim'

/** Where a command writes, and how: constructed once in `cli/main.ts`. */
export interface Output {
  /** `text` for people, `json` for programs: exactly one JSON document on stdout. */
  readonly format: 'text' | 'json'
  readonly isTerminal: boolean
  /** Text for people; nothing when the format is `json`. */
  print(line?: string): void
  /** The result for programs; nothing when the format is `text`. */
  json(value: unknown): void
  /** One event for programs, compact on a line of its own: for commands that keep running. */
  event(value: unknown): void
  /** To stderr, in both formats: warnings and progress that must not mix with a result. */
  note(line: string): void
  style(style: Style, text: string): string
}

interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/** Makes the output of a command; colours only on a terminal and without `NO_COLOR`. */
export function createOutput(format: Output['format'], { stdout, stderr }: Streams): Output {
  const isTerminal = stdout.isTTY
  return {
    format,
    isTerminal,
    print: (line = '') => void (format === 'text' && stdout.write(`${line}\n`)),
    json: (value) => void (format === 'json' && stdout.write(`${JSON.stringify(value, null, 2)}\n`)),
    event: (value) => void (format === 'json' && stdout.write(`${JSON.stringify(value)}\n`)),
    note: (line) => void stderr.write(`${line}\n`),
    style: (style, text) => (isTerminal ? styleText(style, text, { stream: stdout }) : text),
  }
}

/** A column: its heading, its cell for a row, and how a cell is coloured. */
export interface Column<Row> {
  readonly heading: string
  readonly cell: (row: Row) => string
  readonly style?: (row: Row) => Style | undefined
}

/** Lays rows out under headings, each column as wide as its widest cell; the last one is not padded. */
export function toTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  output: Pick<Output, 'style'>,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const widths = columns.map(({ heading }, at) =>
    Math.max(heading.length, ...cells.map((line) => line[at]?.length ?? 0)),
  )
  const pad = (text: string, at: number): string =>
    at === columns.length - 1 ? text : text.padEnd(widths[at] ?? 0)
  const headings = columns.map(({ heading }, at) => output.style('bold', pad(heading, at))).join('  ')
  const lines = rows.map((row, line) =>
    columns
      .map((column, at) => {
        const text = pad(cells[line]?.[at] ?? '', at)
        const style = column.style?.(row)
        return style === undefined ? text : output.style(style, text)
      })
      .join('  '),
  )
  return [headings, ...lines]
}
