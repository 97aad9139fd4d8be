import { toRefusal } from '#api/config-faults.ts'
import type { MergeStrategy } from '#layers/edit-table.ts'
import { type JsonValue, readJson } from '#layers/json/read.ts'
import type { ConfigEdit } from '#layers/write.ts'

/**
 * Reads the edits of a body that was found to fit, this time with nothing lost: `1` and `1.0` are two values, an integer has
 * all its digits, keys are in the order they were sent.
 *
 * @throws AppError `configValidationError` for what JSON can say and no configuration can hold
 */
export function readConfigEdits(bodyText: string): readonly ConfigEdit[] {
  const edits = at(readExactly(bodyText), 'edits')
  return Array.isArray(edits) ? edits.map(toEdit) : []
}

function readExactly(text: string): JsonValue {
  try {
    return readJson(text)
  } catch (error) {
    throw toRefusal(error, 'body')
  }
}

function toEdit(edit: JsonValue): ConfigEdit {
  return {
    keyPath: at(edit, 'keyPath') as string,
    value: at(edit, 'value'),
    mergeStrategy: at(edit, 'mergeStrategy') as MergeStrategy,
  }
}

function at(value: JsonValue, key: string): JsonValue {
  return value instanceof Map ? ((value.get(key) as JsonValue | undefined) ?? null) : null
}
