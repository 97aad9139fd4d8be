import type { Column, Output } from '#cli/output.ts'

import { displayWidth, padTo, shorten, shortenStart } from './display-width.ts'

/** A column that may be made narrower, down to `min`, so that the rows fit a screen. */
export interface GridColumn<Row> extends Column<Row> {
  /** Columns it needs at least; absent for one that is never shortened. */
  readonly min?: number
  /** Which part of a shortened cell is kept; the start unless told otherwise. */
  readonly keeps?: 'start' | 'end'
}

/** How a grid is laid out. */
export interface GridOptions<Row> {
  readonly output: Pick<Output, 'style'>
  /** Columns that a line may have; null when nothing limits it. */
  readonly width: number | null
  /** Lines that follow a row. */
  readonly below?: (row: Row) => readonly string[]
}

const GAP = '  '

/**
 * Lays rows out under headings like `toTable`, and shortens cells with `…` where the width is not enough: the widest column
 * first. A width in which not even the smallest columns fit is exceeded.
 */
export function toGrid<Row>(
  rows: readonly Row[],
  columns: readonly GridColumn<Row>[],
  { output, width, below = () => [] }: GridOptions<Row>,
): readonly string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const widths = fit(naturalWidths(cells, columns), columns, width)
  const line = (texts: readonly string[], styled: (text: string, at: number) => string): string =>
    texts
      .map((text, at) => {
        const cut = columns[at]?.keeps === 'end' ? shortenStart : shorten
        const short = cut(text, widths[at] ?? 0)
        return styled(at === columns.length - 1 ? short : padTo(short, widths[at] ?? 0), at)
      })
      .join(GAP)
      .trimEnd()
  const headings = line(
    columns.map(({ heading }) => heading),
    (text) => output.style('bold', text),
  )
  const lines = rows.flatMap((row, at) => {
    const shown = line(cells[at] ?? [], (text, column) => {
      const style = columns[column]?.style?.(row)
      return style === undefined ? text : output.style(style, text)
    })
    return [shown, ...below(row)]
  })
  return [headings, ...lines]
}

function naturalWidths<Row>(
  cells: readonly (readonly string[])[],
  columns: readonly GridColumn<Row>[],
): readonly number[] {
  return columns.map(({ heading }, at) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[at] ?? '')), heading.length),
  )
}

function fit<Row>(
  natural: readonly number[],
  columns: readonly GridColumn<Row>[],
  width: number | null,
): readonly number[] {
  if (width === null) return natural
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length) - width
  while (excess > 0) {
    const at = widestShrinkable(widths, columns)
    if (at === null) break
    const step = Math.min(excess, stepOf(widths, columns, at))
    widths[at] = (widths[at] ?? 0) - step
    excess -= step
  }
  return widths
}

function widestShrinkable<Row>(
  widths: readonly number[],
  columns: readonly GridColumn<Row>[],
): number | null {
  let widest: number | null = null
  for (const [at, { min }] of columns.entries()) {
    const width = widths[at] ?? 0
    if (min !== undefined && width > min && (widest === null || width > (widths[widest] ?? 0))) widest = at
  }
  return widest
}

/** By how much the widest column may shrink before another one is the widest. */
function stepOf<Row>(widths: readonly number[], columns: readonly GridColumn<Row>[], at: number): number {
  const own = widths[at] ?? 0
  const others = widths.filter((_, other) => other !== at && columns[other]?.min !== undefined)
  // Columns of one width take turns.
  if (others.includes(own)) return 1
  const next = Math.max(0, ...others.filter((width) => width < own))
  return Math.max(1, own - Math.max(next, columns[at]?.min ?? 0))
}

/** Breaks a text at spaces into lines of at most so many columns; a longer word stands alone. */
export function wrap(text: string, width: number | null): readonly string[] {
  if (width === null) return [text]
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else {
      lines.push(word)
    }
  }
  return lines
}
