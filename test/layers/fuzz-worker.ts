import { parentPort, workerData } from 'node:worker_threads'

import { LayersError, type TextRange } from '#layers/errors.ts'
import { canonicalJson } from '#layers/fingerprint.ts'
import { readJson } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { editValue, type TomlEdit } from '#layers/toml/edit-value.ts'
import { editToml } from '#layers/toml/edit.ts'
import { readToml, readTomlBytes } from '#layers/toml/read.ts'
import { isTable, sameValue, TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'
import { seededRandom } from '#test/support/random.ts'

import { FuzzedTexts } from './fuzzed-texts.ts'

/** How many inputs there are, and with which seed they are made. */
export interface FuzzOrder {
  readonly seed: number
  readonly toml: number
  readonly json: number
  readonly edits: number
}

/** How many inputs ended in which way. A broken promise ends the worker with an error that has the input. */
export interface FuzzReport {
  readonly read: number
  readonly refused: number
  readonly edited: number
  /** What the prototypes of every object have now and had not before, and the other way round. */
  readonly polluted: readonly string[]
}

const order = workerData as FuzzOrder
const before = prototypeKeys()
const counts = { read: 0, refused: 0, edited: 0 }
const random = seededRandom(order.seed)
const texts = new FuzzedTexts(random)
function takeToml(bytes: Uint8Array): void {
  const text = tableOrPlace(bytes, () => readTomlBytes(bytes), null)
  if (text === null) return
  const table = tableOrPlace(text, () => readToml(text), text)
  if (table !== null) holdAsTable(text, table)
}

function takeJson(text: string): void {
  const json = tableOrPlace(text, () => readJson(text), text)
  if (json === null) return
  const value = tableOrPlace(text, () => toTomlValue(json), null)
  if (value !== null) canonicalJson(value)
}

/** What is read is a map of its own all the way down, and has one version. */
function holdAsTable(text: string, table: TomlTable): void {
  if (!isTable(table) || Object.keys(table).length > 0) fail('gave something else than a plain map', text)
  if (canonicalJson(table) !== canonicalJson(readToml(text))) fail('read differently the second time', text)
}

/** The value; or null for a refusal, which has a place inside `placedIn` unless that is null. */
function tableOrPlace<Value>(input: unknown, read: () => Value, placedIn: string | null): Value | null {
  try {
    const value = read()
    if (placedIn !== null) counts.read += 1
    return value
  } catch (error) {
    if (!(error instanceof LayersError)) return fail('ended in another error', input, error)
    if (placedIn !== null && !isInside(placedIn, error.place.range))
      fail('named a place outside', input, error)
    counts.refused += 1
    return null
  }
}

function isInside(text: string, range: TextRange | undefined): boolean {
  if (range === undefined || range.line < 1 || range.column < 1 || range.endLine < range.line) return false
  const line = text.split('\n')[range.line - 1]
  // Behind the end of a line, and behind its line feed at the end of the text.
  if (line !== undefined) return range.column <= Array.from(line).length + 2
  return false
}

function takeEdit(bytes: Uint8Array): void {
  const document = readable(bytes)
  if (document === null) return
  const { text, table } = document
  const edits = Array.from({ length: 1 + below(2) }, () => anyEdit(table))
  const edited = edit(text, edits)
  if (edited === null) return
  counts.edited += 1
  const wanted = edits.reduce(editValue, table)
  if (!sameValue(readToml(edited), wanted)) fail('does not say what the edits say', { text, edits })
  holdAddition(text)
}

/**
 * A key that is added moves nothing and drops nothing. How a key is spelled and spaced may change where it stands several
 * times, as with the CLI, and pairs of dotted keys move together: texts with such pairs are left out.
 */
function holdAddition(text: string): void {
  if (DOTTED_PAIR.test(text)) return
  const added = edit(text, [{ path: ['added-by-fuzz'], value: 1n, mergeStrategy: 'replace' }])
  if (added === null) return
  const left = added.split('\n').filter((line) => line !== 'added-by-fuzz = 1')
  if (wordsOf(left.join('\n')) !== wordsOf(text)) fail('lost or moved something', text)
}

const DOTTED_PAIR = /^[^#=[\n]*\.[^\n]*=/m

// Line ends become line feeds, a mark of the byte order goes, a last line gets its end.
function wordsOf(text: string): string {
  return text.replaceAll(/[\uFEFF\r \t"']/g, '').trimEnd()
}

function readable(bytes: Uint8Array): { readonly text: string; readonly table: TomlTable } | null {
  try {
    const text = readTomlBytes(bytes)
    return { text, table: readToml(text) }
  } catch {
    return null
  }
}

/** The edited text; null where an edit is refused, as one may be that would not read back. */
function edit(text: string, edits: readonly TomlEdit[]): string | null {
  try {
    return editToml(text, edits, { newTableOrder: 'as-given' })
  } catch (error) {
    if (error instanceof LayersError && error.code === 'configValidationError') return null
    return fail('ended in another error', { text, edits }, error)
  }
}

function anyEdit(table: TomlTable): TomlEdit {
  const known: (readonly string[])[] = []
  const visit = (from: TomlTable, path: readonly string[]): void => {
    for (const [key, value] of from) {
      known.push([...path, key])
      if (isTable(value)) visit(value, [...path, key])
    }
  }
  visit(table, [])
  const path = known.length > 0 && below(4) > 0 ? (known[below(known.length)] ?? []) : []
  return {
    path: path.length > 0 && below(3) > 0 ? path : [...path, ['new', '__proto__', 'a.b', ''][below(4)] ?? ''],
    value: VALUES[below(VALUES.length)] ?? null,
    mergeStrategy: below(2) === 0 ? 'replace' : 'upsert',
  }
}

const VALUES: readonly (TomlValue | null)[] = [
  null,
  null,
  'text',
  'it\'s "quoted"\n',
  2n ** 63n - 1n,
  1.5,
  true,
  [1n, [new Map([['a', 'b']])]],
  new TomlDatetime('1979-05-27'),
  new Map(),
  new Map<string, TomlValue>([
    ['a', 1n],
    ['__proto__', new Map([['b', []]])],
  ]),
]

function below(limit: number): number {
  return Math.floor(random() * limit)
}

function prototypeKeys(): readonly string[] {
  const prototypes = { Object, Array, Map, String, Function, Uint8Array }
  return Object.entries(prototypes).flatMap(([name, { prototype }]) =>
    Reflect.ownKeys(prototype).map((key) => `${name}.prototype.${String(key)}`),
  )
}

function differences(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...one.filter((key) => !other.includes(key)), ...other.filter((key) => !one.includes(key))]
}

function fail(what: string, input: unknown, cause?: unknown): never {
  throw new Error(`seed ${String(order.seed)}: ${what}: ${show(input)}`, { cause })
}

function show(input: unknown): string {
  return JSON.stringify(input, (_key, value: unknown) => {
    if (typeof value === 'bigint') return `${String(value)}n`
    if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
    return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value
  })
}

for (let at = 0; at < order.toml; at += 1) takeToml(texts.tomlBytes())
for (let at = 0; at < order.json; at += 1) takeJson(texts.json())
while (counts.edited < order.edits) takeEdit(texts.tomlBytes())
const after = prototypeKeys()
parentPort?.postMessage({ ...counts, polluted: differences(before, after) } satisfies FuzzReport, [])
