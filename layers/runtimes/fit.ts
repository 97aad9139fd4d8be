import {
  isArray,
  isTable,
  kindOf,
  TomlDatetime,
  type TomlKind,
  type TomlTable,
  type TomlValue,
} from '#layers/value.ts'
import { trimWhiteSpace } from '#layers/white-space.ts'

import type { Field, IntegerField, ScalarField, TableField, WordsField } from './field.ts'
import type { TypeFault } from './profile.ts'

/**
 * Finds the first value that is not what its setting holds, in the order of the configuration. Keys that the table does
 * not know are passed over.
 *
 * @returns null when everything fits; else the path from `value` on, in which an index of an array is a segment of its own
 */
export function findFault(value: TomlValue, field: Field): TypeFault | null {
  if (typeof field === 'string') return scalarFault(value, field)
  switch (field.kind) {
    case 'list':
      return listFault(value, field.items)
    case 'table':
      return isTable(value) ? tableFault(value, field) : mismatch(value, field)
    case 'words':
      return isWord(value, field) ? null : mismatch(value, field)
    case 'integer':
      return isInteger(value, field) ? null : mismatch(value, field)
    case 'either':
      return eitherFault(value, field.alternatives)
    default:
      return null
  }
}

/** Whether a value is what its setting holds. */
export function fits(value: TomlValue, field: Field): boolean {
  return findFault(value, field) === null
}

/**
 * Whether a value is a string, a boolean or a float where just that is held: most are, and this is found out at once. The CLI
 * makes the same of such a value.
 */
export function isPlainly(value: TomlValue, field: Field | undefined): boolean {
  return typeof value === field
}

/** Paths are put together on the way back, because most often there is no fault. */
function below(key: string, { path, reason }: TypeFault): TypeFault {
  return { path: [key, ...path], reason }
}

function isWord(value: TomlValue, { words }: WordsField): boolean {
  return typeof value === 'string' && words.includes(value)
}

function isInteger(value: TomlValue, { least, most }: IntegerField): boolean {
  return typeof value === 'bigint' && value >= least && value <= most
}

function scalarFault(value: TomlValue, field: ScalarField): TypeFault | null {
  const accepts = SCALARS[field]
  return accepts(value) ? null : mismatch(value, field)
}

/** Seconds beyond this do not fit into what the CLI counts them with. */
const MOST_SECONDS = 2 ** 64

const SCALARS: Readonly<Record<ScalarField, (value: TomlValue) => boolean>> = {
  any: () => true,
  string: isText,
  text: (value) => isText(value) && !(typeof value === 'string' && trimWhiteSpace(value) === ''),
  filled: (value) => isText(value) && value !== '',
  path: isText,
  boolean: (value) => typeof value === 'boolean',
  number: isNumber,
  float: isNumber,
  seconds: (value) => isNumber(value) && Number(value) >= 0 && Number(value) < MOST_SECONDS,
}

function isText(value: TomlValue): boolean {
  return typeof value === 'string' || value instanceof TomlDatetime
}

function isNumber(value: TomlValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint'
}

function listFault(value: TomlValue, items: Field): TypeFault | null {
  if (!isArray(value)) return { path: [], reason: `expected an array, got ${KIND_NAMES[kindOf(value)]}` }
  let index = 0
  for (const item of value) {
    const fault = isPlainly(item, items) ? null : findFault(item, items)
    if (fault !== null) return below(String(index), fault)
    index += 1
  }
  return null
}

function tableFault(table: TomlTable, field: TableField): TypeFault | null {
  for (const [key, value] of table) {
    const child = field.fields.get(key) ?? field.others
    if (isPlainly(value, child)) continue
    const fault = child === undefined ? strange(field) : findFault(value, child)
    if (fault !== null) return below(key, fault)
  }
  return faultOfKeys(table, field)
}

function strange(field: TableField): TypeFault | null {
  return field.isClosed === true ? { path: [], reason: 'expected no such setting here' } : null
}

/** Finds what is wrong with which keys a table has, whatever their values are. */
export function faultOfKeys(table: TomlTable, field: TableField): TypeFault | null {
  return missing(table, field) ?? excluded(table, field) ?? repeated(table, field)
}

function missing(table: TomlTable, field: TableField): TypeFault | null {
  const absent = field.required?.find((key) => !table.has(key))
  if (absent !== undefined)
    return { path: [], reason: `expected the setting ${absent} in it, which is missing` }
  const { oneOf } = field
  if (oneOf === undefined || oneOf.some((key) => table.has(key))) return null
  return { path: [], reason: `expected one of the settings ${oneOf.join(', ')} in it, which are missing` }
}

function excluded(table: TomlTable, field: TableField): TypeFault | null {
  if (field.excludes === undefined) return null
  const isThere = (each: string): boolean => table.has(each) && field.fields.has(each)
  for (const names of field.excludes) {
    const [key] = names
    const other = isThere(key) ? names.slice(1).find(isThere) : undefined
    if (other !== undefined) return { path: [other], reason: `cannot be set beside ${key}` }
  }
  return null
}

function repeated(table: TomlTable, { ignoresCase }: TableField): TypeFault | null {
  if (ignoresCase !== true) return null
  const seen = new Set<string>()
  for (const key of table.keys()) {
    const form = key.toLowerCase()
    if (seen.has(form)) {
      return { path: [key], reason: 'is there already: upper and lower case are the same here' }
    }
    seen.add(form)
  }
  return null
}

function eitherFault(value: TomlValue, alternatives: readonly Field[]): TypeFault | null {
  if (alternatives.length === 0) return { path: [], reason: 'cannot be set' }
  let inside: TypeFault | null = null
  for (const alternative of alternatives) {
    const fault = findFault(value, alternative)
    if (fault === null) return null
    // The alternative of the right kind tells more than that none of them fits.
    if (fault.path.length > 0) inside ??= fault
  }
  const expected = alternatives.map(expectation).join(' or ')
  const got = alternatives.some((each) => isOfKind(value, each)) ? 'another one' : gotten(value)
  return inside ?? { path: [], reason: `expected ${expected}, got ${got}` }
}

function mismatch(value: TomlValue, field: Field): TypeFault {
  const got = isOfKind(value, field) ? 'another one' : gotten(value)
  return { path: [], reason: `expected ${expectation(field)}, got ${got}` }
}

function isOfKind(value: TomlValue, field: Field): boolean {
  return typeof field === 'object' && KINDS_OF[field.kind] === kindOf(value)
}

/** The kind of the values of which a field of words or of bounded integers takes some. */
const KINDS_OF: Readonly<Partial<Record<Exclude<Field, string>['kind'], TomlKind>>> = {
  words: 'string',
  integer: 'integer',
}

function gotten(value: TomlValue): string {
  return KIND_NAMES[kindOf(value)]
}

const KIND_NAMES: Readonly<Record<TomlKind, string>> = {
  string: 'a string',
  integer: 'an integer',
  float: 'a float',
  boolean: 'a boolean',
  datetime: 'a date or time',
  array: 'an array',
  table: 'a table',
}

const SCALAR_NAMES: Readonly<Record<ScalarField, string>> = {
  any: 'anything',
  string: 'a string',
  text: 'a string that is not blank',
  filled: 'a string that is not empty',
  path: 'a path',
  boolean: 'a boolean',
  number: 'a number',
  float: 'a number',
  seconds: 'a number of seconds from 0',
}

function expectation(field: Field): string {
  if (typeof field === 'string') return SCALAR_NAMES[field]
  switch (field.kind) {
    case 'words':
      return field.words.length === 1
        ? `the word ${field.words.join('')}`
        : `one of ${field.words.join(', ')}`
    case 'integer':
      return bounds(field.least, field.most)
    case 'list':
      return 'an array'
    case 'table':
      return 'a table'
    default:
      return 'something else'
  }
}

/** What TOML itself can hold needs no telling. */
const TOML_INTEGERS = { least: -(2n ** 63n), most: 2n ** 63n - 1n }

function bounds(least: bigint, most: bigint): string {
  if (most < TOML_INTEGERS.most) return `an integer from ${String(least)} to ${String(most)}`
  return least > TOML_INTEGERS.least ? `an integer from ${String(least)}` : 'an integer'
}
