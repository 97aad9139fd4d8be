import { toJson } from '#layers/json/render.ts'
import type { Origin } from '#layers/layer.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { sameValue, type TomlValue } from '#layers/value.ts'

import { userAlone } from './diff-answer.ts'
import { type GridColumn, toGrid } from './grid.ts'
import type { Screen } from './screen.ts'
import { keyText } from './value-text.ts'
import { toWireApplied } from './wire.ts'

/** A key of the user's file that is changed, and what applies to it afterwards. */
export interface Change {
  readonly key: string
  readonly path: readonly string[]
  /** null: the file does not have it. */
  readonly before: TomlValue | null
  readonly after: TomlValue | null
  /** null: nothing applies, or it is put together of what several layers say. */
  readonly applies: { readonly value: TomlValue; readonly origin: Origin } | null
  /** Whether what applies afterwards is what the file says. */
  readonly takesEffect: boolean
  /** Whether what applies is put together of what several layers say. */
  readonly isJoined: boolean
}

/** What changes in the user's file, key by key. */
export function changesOf(before: ConfigLayerStack, after: ConfigLayerStack): readonly Change[] {
  return userAlone(before)
    .diff(userAlone(after))
    .rows.map((row) => {
      const { path, value, winner } = after.explain(row.key)
      const said = row.after?.value ?? null
      return {
        key: row.key,
        path,
        before: row.before?.value ?? null,
        after: said,
        applies: value === null || winner === null ? null : { value, origin: winner },
        takesEffect: said === null ? value === null : value !== null && sameValue(said, value),
        isJoined: value !== null && winner === null,
      }
    })
}

/** A table of the changes, empty when there are none. */
export function changeLines(screen: Screen, changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return []
  const { output, width } = screen
  const cell = (value: TomlValue | null, path: readonly string[]): string =>
    value === null ? '-' : screen.text(value, path)
  const columns: readonly GridColumn<Change>[] = [
    { heading: 'KEY', cell: ({ path }) => keyText(path), min: 16, keeps: 'end' },
    { heading: 'NOW', cell: ({ before, path }) => cell(before, path), style: () => 'red', min: 12 },
    { heading: 'THEN', cell: ({ after, path }) => cell(after, path), style: () => 'green', min: 12 },
    {
      heading: 'APPLIES',
      cell: (change) => appliesText(screen, change),
      style: ({ takesEffect, isJoined }) => (takesEffect || isJoined ? undefined : 'yellow'),
      min: 16,
    },
  ]
  return toGrid(changes, columns, { output, width })
}

function appliesText(screen: Screen, { after, applies, takesEffect, path, isJoined }: Change): string {
  if (takesEffect) return 'yes'
  if (isJoined) return 'yes, joined with what other layers say'
  if (applies === null) return 'no'
  const text = `${screen.text(applies.value, path)} (${screen.labels.short(applies.origin.name)})`
  return after === null ? text : `no: ${text}`
}

/** The changes for programs. */
export function toWireChanges({ masking }: Screen, changes: readonly Change[]): unknown {
  const shown = (value: TomlValue | null, path: readonly string[]): unknown =>
    value === null ? null : toJson(masking.of(value, path))
  return changes.map(({ key, path, before, after, applies, takesEffect }) => ({
    key,
    before: shown(before, path),
    after: shown(after, path),
    applies: toWireApplied(applies, path, masking),
    takesEffect,
  }))
}
