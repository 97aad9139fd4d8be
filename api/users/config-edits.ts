import { toRefusal } from '#api/config-faults.ts'
import { LayersError } from '#layers/errors.ts'
import { type JsonValue, readJson } from '#layers/json/read.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { EMPTY_TABLE } from '#layers/value.ts'
import type { MergeStrategy } from '#layers/write/edit-table.ts'
import { applyEdits, type ConfigEdit } from '#layers/write/write.ts'

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

const MAX_SHOWN = 200

/**
 * Names the first edit that cannot be made, for a refusal; undefined when each can and their result is what is refused, which
 * is told by its own key.
 */
export function placeOfFault(stack: ConfigLayerStack, edits: readonly ConfigEdit[]): string | undefined {
  let table = stack.userLayer()?.config ?? EMPTY_TABLE
  for (const [index, edit] of edits.entries()) {
    try {
      table = applyEdits(table, [edit], stack.profile.rules)
    } catch (error) {
      if (!(error instanceof LayersError)) throw error
      return `/edits/${index} ${JSON.stringify(edit.keyPath.slice(0, MAX_SHOWN).toWellFormed())}`
    }
  }
  return undefined
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
