/** What a setting may hold. A setting that may be absent is simply not required: nothing here has to be there. */
export type Field =
  | ScalarField
  | WordsField
  | IntegerField
  | ListField
  | TableField
  | EitherField
  | ReleasesField

/**
 * `string` takes a date too and makes text of it, `text` is a string that is not blank, `filled` one that is not empty; `path` is a string that stands below the layer's folder; `float` takes an
 * integer and makes a float of it, `number` takes both and leaves them; `seconds` is a float that is neither negative nor endless; `any` is never looked into.
 */
export type ScalarField =
  | 'string'
  | 'text'
  | 'filled'
  | 'path'
  | 'boolean'
  | 'number'
  | 'float'
  | 'seconds'
  | 'any'

/** One of some words. */
export interface WordsField {
  readonly kind: 'words'
  readonly words: readonly string[]
  /** What the CLI makes of a word that it only takes for the sake of older files. */
  readonly becomes: ReadonlyMap<string, string>
}

/** An integer, both ends inclusive. */
export interface IntegerField {
  readonly kind: 'integer'
  readonly least: bigint
  readonly most: bigint
}

/** An array. */
export interface ListField {
  readonly kind: 'list'
  readonly items: Field
}

/** A table of settings, a table with keys of the user's choice, or both. */
export interface TableField extends TableOptions {
  readonly kind: 'table'
  readonly fields: ReadonlyMap<string, Field>
}

/** What more there is to say of a table. */
export interface TableOptions {
  /** What every other key holds. Without it other keys are ignored, as the CLI does. */
  readonly others?: Field
  /** The CLI takes other keys, but knows none of them: they must fit and are still reported as unknown. */
  readonly othersAreUnknown?: boolean
  readonly required?: readonly string[]
  /** The CLI refuses every other key. */
  readonly isClosed?: boolean
  /** One of these has to be there. */
  readonly oneOf?: readonly string[]
  /** Two keys that differ in case alone are one key twice, which the CLI refuses. */
  readonly ignoresCase?: boolean
  /** Keys that cannot be there together with the first of each list. One that the release does not know excludes nothing. */
  readonly excludes?: readonly (readonly [key: string, ...excluded: string[]])[]
}

/** The first alternative that fits. */
export interface EitherField {
  readonly kind: 'either'
  readonly alternatives: readonly Field[]
}

/** What depends on the release: the name of a set of rules and what the setting holds there; null: no such setting. */
export interface ReleasesField {
  readonly kind: 'releases'
  readonly byRelease: ReadonlyMap<string, Field | null>
}

/** Settings by name, as the data files write them. */
export type Fields = Readonly<Record<string, Field>>

/** The largest integer that TOML knows. */
const MOST = 2n ** 63n - 1n

/** Any integer. */
export const INTEGER: Field = integer(-MOST - 1n, MOST)

/** An integer that is not negative. */
export const COUNT: Field = integer(0n, MOST)

/** An integer above zero. */
export const POSITIVE: Field = integer(1n, MOST)

/** What the CLI knows and takes from nobody. */
export const NEVER: Field = either()

/** A list of texts. */
export const STRINGS: Field = listOf('string')

/** A table of texts under keys of the user's choice. */
export const STRING_MAP: Field = mapOf('string')

/** An integer between two others, both inclusive. */
export function integer(least: bigint, most: bigint): IntegerField {
  return { kind: 'integer', least, most }
}

/** One of some words, given in one text with spaces between them. */
export function words(list: string, becomes: Readonly<Record<string, string>> = {}): WordsField {
  return { kind: 'words', words: list.split(' '), becomes: new Map(Object.entries(becomes)) }
}

/** An array of one kind of thing. */
export function listOf(items: Field): ListField {
  return { kind: 'list', items }
}

/** A table of one kind of thing under keys of the user's choice. */
export function mapOf(others: Field): TableField {
  return table({}, { others })
}

/** A table of settings. */
export function table(fields: Fields, options: TableOptions = {}): TableField {
  return { ...options, kind: 'table', fields: new Map(Object.entries(fields)) }
}

/** Settings that all hold the same kind of thing, their names given in one text with spaces between them. */
export function all(names: string, field: Field): Fields {
  return Object.fromEntries(names.split(' ').map((name) => [name, field]))
}

/** One of several kinds of thing. */
export function either(...alternatives: readonly Field[]): EitherField {
  return { kind: 'either', alternatives }
}

/** A setting that differs between sets of rules, or that only some of them have. */
export function byRelease(releases: Readonly<Record<string, Field | null>>): ReleasesField {
  return { kind: 'releases', byRelease: new Map(Object.entries(releases)) }
}
