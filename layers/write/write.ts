import { dirname, isAbsolute, resolve } from 'node:path'

import { LayersError } from '#layers/errors.ts'
import { fingerprint } from '#layers/fingerprint.ts'
import { editJson } from '#layers/json/edit.ts'
import type { JsonValue } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { formatKeyPath, parseKeyPath } from '#layers/key-path.ts'
import { readLayerText } from '#layers/layer-text.ts'
import { settingPath } from '#layers/merge/switches.ts'
import type { LayerRules } from '#layers/rules.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { editToml } from '#layers/toml/edit.ts'
import { EMPTY_TABLE, sameOrAbsent, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

import { changedPath, editTable, type MergeStrategy, type TableEdit } from './edit-table.ts'
import { checkUpdated } from './write-checks.ts'
import { findOverride, type OverriddenMetadata } from './write-status.ts'

/** One change of the user layer, as a client asks for it. */
export interface ConfigEdit {
  /** `a.b.c`, segments in double quotes where the rules of the release know that. */
  readonly keyPath: string
  /** null deletes. */
  readonly value: JsonValue
  readonly mergeStrategy: MergeStrategy
}

/** What a client is told of a write that was made. */
export interface WriteResult {
  /** `okOverridden`: written, but something else applies. */
  readonly status: 'ok' | 'okOverridden'
  /** As the CLI answers: of the user layer in memory, before the runtime's normalisation. */
  readonly version: string
  readonly filePath: string
  /** Of the first edit that does not take effect; null with `ok`. */
  readonly overriddenMetadata: OverriddenMetadata | null
}

/** A write that may be made: nothing has been written yet. */
export interface WritePlan {
  /** The whole text of the file afterwards. */
  readonly text: string
  /** Whether `text` is another one. If not, nothing need be written. */
  readonly changed: boolean
  readonly result: WriteResult
  /** The version that the next read will report. Clients of ours get this one: it can be used for the next write. */
  readonly nextVersion: string
}

/** What is asked of {@link planWrite}. */
export interface WriteRequest {
  /** The layers as they are now, the user layer read from `text`. */
  readonly stack: ConfigLayerStack
  /** Text of the user file; empty when there is none. */
  readonly text: string
  readonly edits: readonly ConfigEdit[]
  /** The file that shall be written; the user layer's when absent. */
  readonly filePath?: string | null
  /** The version that the edits are based on; absent or null: any. */
  readonly expectedVersion?: string | null
  /** Folder that `~/` stands for, as it was for the user layer. */
  readonly home?: string
}

/**
 * Works out a write: checks it in the order of spec 07 §14 and gives the new text. All edits or none; comments and
 * untouched lines of the text stay.
 *
 * @throws LayersError `configLayerReadonly`, `configVersionConflict`, `configValidationError`, `configPathNotFound`; those
 *   of reading when `text` cannot be read
 */
export function planWrite(request: WriteRequest): WritePlan {
  const { stack, text } = request
  const filePath = writableFile(stack, request.filePath ?? null)
  checkVersion(stack, request.expectedVersion ?? null)
  const before = stack.userLayer()?.config ?? EMPTY_TABLE
  const edits = new EditRun(stack.profile, before, readLayerText(text, stack.profile))
  for (const edit of request.edits) edits.apply(edit)
  const updated = stack.withUserConfig(filePath, edits.config)
  checkUpdated(updated, before)
  const after = edits.textAfter(text)
  const overriddenMetadata = findOverride(updated, edits.paths)
  const version = fingerprint(edits.config)
  return {
    text: after,
    changed: after !== text,
    result: {
      status: overriddenMetadata === null ? 'ok' : 'okOverridden',
      version,
      filePath,
      overriddenMetadata,
    },
    nextVersion: versionOf(after, { profile: stack.profile, filePath, home: request.home }),
  }
}

/**
 * A user table after edits, in their order.
 *
 * @throws LayersError `configValidationError`, `configPathNotFound`
 */
export function applyEdits(table: TomlTable, edits: readonly ConfigEdit[], rules: LayerRules): TomlTable {
  return edits.reduce((config, edit) => editTable(config, readEdit(edit, rules), rules), table)
}

/** More could not be read again, and what walks through a table must not run out of stack before that is noticed. */
const MAX_SEGMENTS = 128

function readEdit(edit: ConfigEdit, rules: LayerRules): TableEdit {
  const { mergeStrategy } = edit
  const path = parseKeyPath(edit.keyPath, rules.keyPaths)
  if (path.length > MAX_SEGMENTS) {
    throw invalid(
      `expected a key path of at most ${String(MAX_SEGMENTS)} segments, got ${String(path.length)}`,
    )
  }
  if (edit.value === null) return { path, value: null, mergeStrategy }
  const [top = ''] = path
  if (rules.unwritableKeys.includes(top)) {
    throw invalid(`${formatKeyPath([top])} is no longer written by this release: it can only be deleted`)
  }
  return { path, value: readValue(edit.value, path), mergeStrategy }
}

function readValue(value: JsonValue, path: readonly string[]): TomlValue {
  try {
    return toTomlValue(value)
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    throw new LayersError(error.code, `${formatKeyPath(path)}: ${error.reason}`, { cause: error })
  }
}

/**
 * Applies edits side by side to the user layer as it counts and to the text as it is written. The two differ in what the
 * runtime normalises; what an edit does not touch stays in the text as its author wrote it.
 */
class EditRun {
  readonly paths: (readonly string[])[] = []
  readonly #profile: RuntimeProfile
  readonly #textEdits: TableEdit[] = []
  #config: TomlTable
  #written: TomlTable

  constructor(profile: RuntimeProfile, config: TomlTable, written: TomlTable) {
    this.#profile = profile
    this.#config = config
    this.#written = written
  }

  get config(): TomlTable {
    return this.#config
  }

  apply(edit: ConfigEdit): void {
    const { rules } = this.#profile
    const read = readEdit(edit, rules)
    const config = editTable(this.#config, read, rules)
    const written = editTable(this.#written, read, rules)
    // What the runtime reads out of the text already stays as its author wrote it.
    if (changeBetween(this.#config, config, read.path) !== null) {
      const change = changeBetween(this.#written, written, read.path)
      if (change !== null) this.#textEdits.push(change)
      this.#written = written
    }
    this.#config = config
    this.paths.push(settingPath(read.path, read.value, rules.switches))
  }

  textAfter(text: string): string {
    const { format, rules } = this.#profile
    const edit = format === 'json' ? editJson : editToml
    return edit(text, this.#textEdits, { newTableOrder: rules.newTableOrder })
  }
}

/** What makes one table of the other, as one edit; null when they are the same. */
function changeBetween(before: TomlTable, after: TomlTable, edited: readonly string[]): TableEdit | null {
  const path = changedPath(before, after, edited)
  const value = valueAt(after, path)
  return sameOrAbsent(valueAt(before, path), value)
    ? null
    : { path, value: value ?? null, mergeStrategy: 'replace' }
}

/** @returns the user layer's file as a plain path, without `..` and doubled separators */
function writableFile(stack: ConfigLayerStack, requested: string | null): string {
  const name = stack.userLayer()?.name
  const own = name?.type === 'user' ? plainPath(name.file) : null
  const wanted = requested === null ? own : plainPath(requested)
  if (wanted !== null && (own === null || own === wanted)) return wanted
  throw new LayersError('configLayerReadonly', 'Only writes to the user config are allowed')
}

/** A relative path stays as it is: this machine's folder means nothing to the text, so it only equals itself. */
function plainPath(path: string): string {
  return isAbsolute(path) ? resolve(path) : path
}

function checkVersion(stack: ConfigLayerStack, expected: string | null): void {
  const current = stack.userLayer()?.version ?? fingerprint(EMPTY_TABLE)
  if (expected === null || expected === current) return
  throw new LayersError(
    'configVersionConflict',
    'Configuration was modified since last read. Fetch latest version and retry.',
  )
}

/** The version of a text once it is read as the user layer. A text that could not be read again is refused here. */
function versionOf(
  text: string,
  { profile, filePath, home }: { profile: RuntimeProfile; filePath: string; home: string | undefined },
): string {
  const table = readAgain(text, profile)
  return fingerprint(profile.normalise(table, dirname(filePath), home))
}

function readAgain(text: string, profile: RuntimeProfile): TomlTable {
  try {
    return readLayerText(text, profile)
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    throw new LayersError(
      'configValidationError',
      `the edited text could not be read again: ${error.reason}`,
      {
        cause: error,
      },
    )
  }
}

function invalid(reason: string): LayersError {
  return new LayersError('configValidationError', reason)
}
