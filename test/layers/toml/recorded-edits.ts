import { readJson, type JsonObject, type JsonValue } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { parseKeyPath } from '#layers/key-path.ts'
import type { LayerRules } from '#layers/rules.ts'
import type { TomlEdit } from '#layers/toml/edit-value.ts'
import type { Vector } from '#test/layers/vectors.ts'

/** One answer of a recorded sequence. An answer without `fileAfter` is that to a read. */
export interface RecordedAnswer {
  readonly result?: unknown
  readonly fileAfter?: string | null
}

/** A recorded sequence of writes. */
export interface WritesVector extends Vector<
  { readonly user?: string },
  { readonly ops: readonly RecordedAnswer[] }
> {
  readonly ops: readonly { readonly paramsJson?: string }[]
}

/** The edits of a request as its raw parameters have them. */
export function editsOf(paramsJson: string, rules: LayerRules): readonly TomlEdit[] {
  const params = objectIn(readJson(paramsJson))
  const edits = params.get('edits')
  const list: readonly JsonValue[] = Array.isArray(edits) ? edits : [params]
  return list.map((edit) => {
    const { path, value, strategy } = fieldsOf(objectIn(edit))
    return {
      path: parseKeyPath(path, rules.keyPaths),
      value: value === null ? null : toTomlValue(value),
      mergeStrategy: strategy === 'upsert' ? 'upsert' : 'replace',
    }
  })
}

function fieldsOf(edit: JsonObject) {
  const [path, value = null, strategy] = [edit.get('keyPath'), edit.get('value'), edit.get('mergeStrategy')]
  return { path: typeof path === 'string' ? path : '', value, strategy }
}

function objectIn(json: JsonValue): JsonObject {
  if (json instanceof Map) return json
  throw new TypeError('expected an object in the recorded parameters')
}
