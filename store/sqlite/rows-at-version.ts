import type { ChangeLog, Undone } from './change-log.ts'
import { type ListedRow, type ObjectTable, type RowRange, toOwner } from './object-table.ts'

/**
 * Lists the rows of a range as they were at an older version: today's rows, with every change since undone.
 *
 * @throws AppError `EXPIRED` when the changes since are not all there
 */
export function rowsAtVersion(
  { log, objects }: { readonly log: ChangeLog; readonly objects: ObjectTable },
  range: RowRange,
  version: number,
): Iterable<ListedRow> {
  log.checkIsKept(version)
  if (version === log.version) return objects.each(range)
  const undone = log.undoneSince(range.kind, version).filter((row) => isInRange(row, range))
  return undone.length === 0 ? objects.each(range) : undo(objects.each(range), undone)
}

function* undo(rows: Iterable<ListedRow>, undone: readonly Undone[]): Iterable<ListedRow> {
  const waiting = [...undone].sort(compare)
  for (const row of rows) {
    while (waiting[0] && compare(waiting[0], row) < 0) yield* before(waiting.shift())
    const isChanged = waiting[0] !== undefined && compare(waiting[0], row) === 0
    if (isChanged) yield* before(waiting.shift())
    else yield row
  }
  for (const rest of waiting) yield* before(rest)
}

function* before(undone: Undone | undefined): Iterable<ListedRow> {
  if (undone?.before) yield { ...undone.before, userId: undone.userId, name: undone.name }
}

interface Place {
  readonly userId: number
  readonly name: string
}

// Namespaces and names are ASCII, for which this is the order of code points.
function compare(a: Place, b: Place): number {
  return compareText(toOwner(a.userId), toOwner(b.userId)) || compareText(a.name, b.name)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function isInRange(row: Place, { userId, afterNamespace, afterName }: RowRange): boolean {
  if (userId !== undefined && row.userId !== userId) return false
  return (compareText(toOwner(row.userId), afterNamespace) || compareText(row.name, afterName)) > 0
}
