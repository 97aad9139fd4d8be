import { LayersError } from '#layers/errors.ts'
import { parseKeyPath } from '#layers/key-path.ts'
import type { AppliedValue, StackDiffRow } from '#layers/stack/diff.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'

import { type GridColumn, toGrid } from './grid.ts'
import type { LayerSource } from './layer-source.ts'
import type { Screen } from './screen.ts'
import { printable } from './value-text.ts'
import { toWireApplied } from './wire.ts'

/** Shows what would apply if the user's file were another one. */
export async function showDiffTo(
  screen: Screen,
  {
    source,
    stack,
    file,
  }: { readonly source: LayerSource; readonly stack: ConfigLayerStack; readonly file: string },
): Promise<void> {
  const bytes = await source.fs.readFile(file)
  if (bytes === null)
    throw new LayersError('configUnreadable', 'expected a file to compare with, got none', { path: file })
  const other = await source.loadWith({ bytes, path: file, forEditing: false })
  const headings = ['NOW', `WITH ${screen.labels.path(file)}`] as const
  showRows(screen, stack.diff(other).rows, { headings, same: 'the same would apply' })
}

/** Shows where what applies is not what the user's file alone says. */
export function showDiffToUser(screen: Screen, stack: ConfigLayerStack): void {
  const rows = userAlone(stack).diff(stack).rows
  showRows(screen, rows, { headings: ['YOUR FILE', 'APPLIES'], same: 'your file is all that applies' })
}

/** The same stack without any other layer than the user's. */
export function userAlone(stack: ConfigLayerStack): ConfigLayerStack {
  const user = stack.userLayer()
  return ConfigLayerStack.of({ layers: user === null ? [] : [user], profile: stack.profile })
}

/** The path of a key as the stack writes it. A key that is empty cannot be taken apart, and no secret is known by it. */
export function pathOfKey(key: string): readonly string[] {
  try {
    return parseKeyPath(key, 'quoted')
  } catch (error) {
    if (error instanceof LayersError) return [key]
    throw error
  }
}

interface Words {
  readonly headings: readonly [string, string]
  /** Said when nothing differs. */
  readonly same: string
}

function showRows(
  screen: Screen,
  rows: readonly StackDiffRow[],
  { headings: [before, after], same }: Words,
): void {
  const { output, width, masking } = screen
  output.json({
    rows: rows.map((row) => {
      const path = pathOfKey(row.key)
      return {
        key: row.key,
        before: toWireApplied(row.before, path, masking),
        after: toWireApplied(row.after, path, masking),
      }
    }),
  })
  if (rows.length === 0) return output.print(same)
  const columns: readonly GridColumn<StackDiffRow>[] = [
    { heading: 'KEY', cell: ({ key }) => printable(key), min: 16, keeps: 'end' },
    {
      heading: before,
      cell: (row) => cellOf(screen, row.key, row.before),
      style: () => 'red',
      min: 16,
    },
    { heading: after, cell: (row) => cellOf(screen, row.key, row.after), style: () => 'green', min: 16 },
  ]
  for (const line of toGrid(rows, columns, { output, width })) output.print(line)
  screen.endMasked()
}

function cellOf(screen: Screen, key: string, applied: AppliedValue | null): string {
  if (applied === null) return '-'
  return `${screen.text(applied.value, pathOfKey(key))} (${screen.labels.short(applied.origin.name)})`
}
