import { versionOfText } from './ours.ts'
import type { EditCase, WriteCase } from './random-writes.ts'
import type { WriteSeen } from './seen.ts'

/** A place in which the two sides differ, with everything around it. */
export interface Disagreement {
  /** `read fault`, `layers`, `origins`, `effective`, `requirements`, or of a write: `write fault`, `bytes` and so on. */
  readonly part: string
  readonly theirs: string
  readonly ours: string
  /** Present for a write. */
  readonly write?: WriteContext
}

/** A write, and what both sides made of it. */
export interface WriteContext {
  readonly write: WriteCase
  readonly before: string | null
  readonly theirs: WriteSeen
  readonly ours: WriteSeen
}

/** Something that differs on purpose. */
export interface IntendedDifference {
  readonly id: string
  readonly reason: string
  explains(disagreement: Disagreement): boolean
}

/** All of them; `docs/layers-differences.md` tells the same to readers. */
export const INTENDED_DIFFERENCES: readonly IntendedDifference[] = [
  {
    id: 'number-as-table',
    reason:
      'A JSON number with an exponent or with more digits than a float has is written by the CLI as a table with one key, `$serde_json::private::Number`. Ours is the number.',
    explains: ({ write, theirs }) =>
      write !== undefined &&
      (theirs.includes('$serde_json::private::Number') ||
        (write.theirs.bytes ?? '').includes('$serde_json::private::Number') ||
        write.write.edits.some((edit) => hasHardNumber(edit))),
  },
  {
    id: 'unreadable-file',
    reason:
      'The CLI writes a file that is no TOML, most often because a comment above a key that becomes a section is put inside the brackets of its header. In ours the comment stays on a line of its own above the header.',
    explains: ({ part, write }) =>
      write !== undefined &&
      (part === 'write bytes' || part === 'write nextVersion') &&
      versionOfText(write.theirs.bytes) === null &&
      versionOfText(write.ours.bytes) === write.ours.version,
  },
]

function hasHardNumber({ value }: EditCase): boolean {
  const numbers = value.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""').match(/-?\d[\d.eE+-]*/gu) ?? []
  return numbers.some((number) => /[eE]/u.test(number))
}
