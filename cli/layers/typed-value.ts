import { LayersError } from '#layers/errors.ts'
import { type JsonValue, readJson } from '#layers/json/read.ts'
import { parseOverride } from '#layers/overrides.ts'
import { DATETIME_KEY, isArray, isTable, TomlDatetime, type TomlValue } from '#layers/value.ts'

/** How a value that was typed is read. */
export interface TypedAs {
  readonly format: 'toml' | 'json'
  /** Text, whatever it looks like. */
  readonly isText: boolean
  /** JSON and nothing else. */
  readonly isJson: boolean
}

/**
 * Reads a value that was typed: in the format of the runtime's files and as text if it is none, unless it was said what it
 * is.
 *
 * @throws LayersError `configValidationError` for what was said to be JSON and is none, and for null
 */
export function readTypedValue(text: string, { format, isText, isJson }: TypedAs): JsonValue {
  if (isText) return text
  const value = isJson ? strictJson(text) : format === 'json' ? jsonOrText(text) : tomlOrText(text)
  if (value !== null) return value
  throw new LayersError(
    'configValidationError',
    'expected a value, got null; a key is taken out by: runtimeconfig layers unset KEY',
  )
}

function strictJson(text: string): JsonValue {
  try {
    return readJson(text)
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    throw new LayersError('configValidationError', `the value is no JSON: ${error.message}`, { cause: error })
  }
}

function jsonOrText(text: string): JsonValue {
  try {
    return readJson(text)
  } catch (error) {
    if (error instanceof LayersError) return text
    throw error
  }
}

/** Read as the value of `-c` is. */
function tomlOrText(text: string): JsonValue {
  return toJsonValue(parseOverride(`value=${text}`).value)
}

function toJsonValue(value: TomlValue): JsonValue {
  if (isTable(value)) return new Map([...value].map(([key, each]) => [key, toJsonValue(each)]))
  if (isArray(value)) return value.map(toJsonValue)
  return value instanceof TomlDatetime ? new Map([[DATETIME_KEY, value.text]]) : value
}
