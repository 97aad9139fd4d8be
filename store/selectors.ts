import { KINDS, type KindName } from '#crds/kinds.ts'
import type { ObjectMeta } from '#crds/object.ts'

import { parseFieldSelector } from './field-selector.ts'
import { parseLabelSelector } from './label-selector.ts'
import type { Selection } from './store.ts'

/** Tells whether an object belongs to a selection. */
export type ObjectMatcher = (object: { readonly metadata: ObjectMeta }) => boolean

/**
 * Compiles what narrows a list or a watch of a kind to one test; `undefined` when everything is selected.
 *
 * @throws AppError `REQUEST_MALFORMED`
 */
export function compileSelection(kind: KindName, selection: Selection): ObjectMatcher | undefined {
  const tests: ObjectMatcher[] = []
  const { namespace, labelSelector, fieldSelector } = selection
  if (namespace !== undefined) tests.push((object) => object.metadata.namespace === namespace)
  if (labelSelector) {
    const matches = parseLabelSelector(labelSelector)
    tests.push((object) => matches(object.metadata.labels ?? {}))
  }
  if (fieldSelector) tests.push(parseFieldSelector(fieldSelector, KINDS[kind].selectableFields))
  return tests.length === 0 ? undefined : (object) => tests.every((matches) => matches(object))
}
