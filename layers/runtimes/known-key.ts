import type { Field, TableField } from './field.ts'

/**
 * Whether there is a setting at a path. Under a table of free keys every key is one; below a setting that is never looked
 * into everything is known. A segment below a list is an index.
 */
export function isKnown(path: readonly string[], root: TableField): boolean {
  let at: readonly Field[] = [root]
  for (const key of path) {
    at = at.flatMap((field) => below(field, key))
    if (at.includes('any')) return true
    if (at.length === 0) return false
  }
  return true
}

/** What may stand under a key: nothing, one field, or several where there are alternatives. */
function below(field: Field, key: string): readonly Field[] {
  if (typeof field === 'string') return field === 'any' ? [field] : []
  switch (field.kind) {
    case 'table':
      return belowTable(field, key)
    case 'list':
      return [field.items]
    case 'either':
      return field.alternatives.flatMap((alternative) => below(alternative, key))
    default:
      return []
  }
}

function belowTable(field: TableField, key: string): readonly Field[] {
  const named = field.fields.get(key)
  if (named !== undefined) return [named]
  return field.others === undefined || field.othersAreUnknown === true ? [] : [field.others]
}
