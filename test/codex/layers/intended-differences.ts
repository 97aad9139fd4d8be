import type { StackFiles } from './generate.ts'
import { versionOfText } from './ours.ts'
import { PATHS } from './paths.ts'
import type { EditCase, WriteCase } from './random-writes.ts'
import type { WriteSeen } from './seen.ts'

/** A place in which the two sides differ, with everything around it. */
export interface Disagreement {
  /** `read fault`, `layers`, `origins`, `effective`, `requirements`, or of a write: `write fault`, `bytes` and so on. */
  readonly part: string
  readonly theirs: string
  readonly ours: string
  /** What both said of a fault in reading. */
  readonly why?: string
  /** The files at that moment. */
  readonly files: StackFiles
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

const TABLE_NOT_ARRAY = /expected a table.* got an array/u

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
      !write.theirs.nextVersion.startsWith('sha256:') &&
      write.ours.nextVersion === write.ours.meant,
  },
  {
    id: 'other-meaning',
    reason:
      'The CLI writes a file that does not hold what it says it wrote: a table that an edit leaves empty or implicit is gone, for example. Ours holds exactly what the answer says.',
    explains: ({ part, write }) =>
      write !== undefined &&
      (part === 'write bytes' || part === 'write nextVersion') &&
      write.theirs.version === write.ours.version &&
      write.theirs.nextVersion !== write.ours.meant &&
      write.ours.nextVersion === write.ours.meant,
  },
  {
    id: 'array-destroyed',
    reason:
      'An edit below an array, such as `x.0.a`, makes the CLI replace the whole array by a table. Ours refuses it and says to set the array.',
    explains: ({ part, write }) =>
      part.startsWith('write') &&
      write?.theirs.fault === null &&
      / is an array and would be lost/u.test(write.ours.why ?? ''),
  },
  {
    id: 'untrusted-wording',
    reason: 'Why the layer of an untrusted project is disabled ends in a sentence of our own.',
    explains: ({ part, theirs, ours }) => {
      const start = (text: string): string => text.replace(/exec policies, (?!add ).*$/u, '')
      return part === 'layers' && start(theirs) === start(ours)
    },
  },
  {
    id: 'managed-without-path',
    reason:
      'When managed_config.toml cannot be read as text, the CLI does not say which file that is. Ours names the path.',
    explains: ({ theirs, ours }) =>
      theirs === 'requirements' && ours === 'unreadable /etc/codex/managed_config.toml',
  },
  {
    id: 'requirements-order',
    reason:
      'When requirements and another file are both bad, which one the CLI reports depends on what is wrong with the requirements and on whether it is starting. Ours always reads in the order that the rules of the release state.',
    explains: ({ theirs, ours }) =>
      isFileFault(theirs) && isFileFault(ours) && isOfRequirements(theirs) !== isOfRequirements(ours),
  },
  {
    id: 'integer-too-small',
    reason:
      'An integer below 64 bits is a malformed request to the CLI and one above them a bad value. To us both are bad values.',
    explains: ({ part, theirs, ours, write }) =>
      part === 'write fault' &&
      theirs === 'malformed request' &&
      ours !== 'none' &&
      write?.write.edits.some(({ value }) => value.includes('-9223372036854775809')) === true,
  },
  {
    id: 'empty-file',
    reason:
      'Edits that cancel each other out make the CLI create an empty file where there was none. Ours leaves no file.',
    explains: ({ part, write }) =>
      part === 'write bytes' &&
      write?.before === null &&
      write.theirs.bytes === '' &&
      write.ours.bytes === null,
  },
  {
    id: 'column-in-bytes',
    reason:
      'Where a character that is not ASCII is the fault, the CLI counts the bytes before it instead of the characters. Ours always counts characters.',
    explains: ({ theirs, ours, files }) => columnInBytes(ours, files) === theirs,
  },
  {
    id: 'settings-in-use',
    reason:
      'The CLI shows no layers when the merged settings cannot be used: a file they name is missing, a profile is not chosen, a value is no longer supported. Ours shows layers whose settings have the right kinds.',
    explains: ({ part, theirs, ours }) => part === 'read fault' && theirs === 'in use' && ours === 'none',
  },
  {
    id: 'history-default',
    reason:
      'The effective value of `history` has a `persistence` with its default in it, the only such default. Ours has what the layers say.',
    explains: ({ part, theirs, ours }) =>
      /effective|metadata/u.test(part) &&
      without(theirs, '"persistence":"save-all"') === without(ours, '"persistence":"save-all"'),
  },
  {
    id: 'environment-policy-alone',
    reason:
      'What is wrong with the lists and filters of `shell_environment_policy` stops the CLI in every layer, also in one that a higher layer overrides, and before an edit could mend it. Ours treats them like every other setting.',
    explains: ({ theirs, write }) =>
      (write === undefined ? theirs : write.theirs.fault) === 'type of a layer',
  },
  {
    id: 'relative-path-written',
    reason:
      'The CLI refuses to write a relative path, although it takes the same path from the file. Ours writes it.',
    explains: ({ part, write }) =>
      part.startsWith('write') &&
      write?.ours.fault === null &&
      (write.theirs.why ?? '').includes('without a base path'),
  },
  {
    id: 'several-numbers-too-large',
    reason:
      'Of several numbers out of range in one text the CLI may report a later one when a header comes after longer ones that imply its table. Ours reports the first in the text.',
    explains: ({ part, theirs, ours, files }) =>
      part.endsWith('fault') && isNumberTooLarge(theirs, files) && isNumberTooLarge(ours, files),
  },
  {
    id: 'path-without-base',
    reason:
      'A layer that does not fit the schema on its own keeps its relative paths, and the CLI then refuses all settings, also when the merged ones fit. Ours shows the path as it is.',
    explains: ({ part, theirs, ours, why = '' }) =>
      part === 'read fault' && theirs === 'type' && ours === 'none' && why.includes('without a base path'),
  },
  {
    id: 'upsert-rewrites',
    reason:
      'An upsert makes the CLI write the whole table as it understood it: paths absolute, whole seconds with a fraction. Ours leaves what the edit does not touch as its author wrote it.',
    explains: ({ part, write }) =>
      part === 'write bytes' &&
      write !== undefined &&
      write.write.edits.some(({ mergeStrategy }) => mergeStrategy === 'upsert') &&
      write.theirs.nextVersion === write.ours.nextVersion &&
      versionOfText(write.theirs.bytes) !== versionOfText(write.ours.bytes),
  },
  {
    id: 'nan-is-no-change',
    reason:
      'An upsert that changes nothing makes the CLI write the table anew when a value in it is not a number, because such a value is not equal to itself. Ours leaves the table alone.',
    explains: ({ part, write }) =>
      part === 'write bytes' &&
      write !== undefined &&
      (write.before ?? '').includes('nan') &&
      (write.ours.bytes === write.before ||
        write.write.edits.some((edit) => edit.mergeStrategy === 'upsert')) &&
      versionOfText(write.theirs.bytes) === versionOfText(write.ours.bytes),
  },
  {
    id: 'item-not-written',
    reason:
      'An upsert of a table into an item of an array, such as `x.0`, is answered with `ok` by the CLI, which writes nothing. Ours refuses it like any other edit below an array.',
    explains: ({ part, write }) =>
      part.startsWith('write') &&
      write?.theirs.fault === null &&
      /non-table parent/u.test(write.ours.why ?? '') &&
      write.write.edits.some((edit) => edit.mergeStrategy === 'upsert' && /\.\d+$/u.test(edit.keyPath)),
  },
  {
    id: 'array-as-table',
    reason:
      'The CLI takes an array where a setting is a table, as if its items were the settings in an order of their own. Ours says that a table is expected.',
    explains: ({ part, why = '', write }) =>
      write === undefined
        ? part === 'read fault' && TABLE_NOT_ARRAY.test(why)
        : write.theirs.fault === null && TABLE_NOT_ARRAY.test(write.ours.why ?? ''),
  },
  {
    id: 'nan-without-sign',
    reason: 'A `-nan` in a table that an edit writes anew becomes `nan` in ours: it is the same value.',
    explains: ({ part, theirs, ours }) => part === 'write bytes' && theirs.replaceAll('-nan', 'nan') === ours,
  },
]

function hasHardNumber({ value }: EditCase): boolean {
  const numbers = value.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""').match(/-?\d[\d.eE+-]*/gu) ?? []
  return numbers.some((number) => /[eE]/u.test(number))
}

function isFileFault(fault: string): boolean {
  return /^(?:requirements$|type$|at \/|unreadable \/)/u.test(fault)
}

function isOfRequirements(fault: string): boolean {
  return /^requirements$|\/requirements\.toml/u.test(fault)
}

/** The text from a place on, to the end of its line, and what stands before it; null where there is no such place. */
function lineAt(
  place: string,
  files: StackFiles,
): { readonly before: string; readonly after: string } | null {
  const [, path, line, column] = /^at (.+):(\d+):(\d+)$/u.exec(place) ?? []
  const file = (Object.keys(PATHS) as (keyof StackFiles)[]).find((key) => PATHS[key] === path)
  if (file === undefined) return null
  const characters = Array.from((files[file] ?? '').split('\n')[Number(line) - 1] ?? '')
  const at = Number(column) - 1
  return { before: characters.slice(0, at).join(''), after: characters.slice(at).join('') }
}

/** The same place with its column counted in bytes; null when the character there is an ASCII one. */
function columnInBytes(place: string, files: StackFiles): string | null {
  const line = lineAt(place, files)
  if (line === null || line.after < '\u0080') return null
  return place.replace(/\d+$/u, String(Buffer.byteLength(line.before) + 1))
}

function isNumberTooLarge(place: string, files: StackFiles): boolean {
  const text = /^[-+\w.]+/u.exec(lineAt(place, files)?.after ?? '')?.[0].replaceAll('_', '') ?? ''
  if (/^[-+]?\d+$/u.test(text)) return BigInt.asIntN(64, BigInt(text)) !== BigInt(text)
  return Math.abs(Number(text)) === Infinity && /\d/u.test(text)
}

function without(text: string, part: string): string {
  return text.replace(`,${part}`, '').replace(part, '')
}
