import { LayersError } from '#layers/errors.ts'
import { formatKeyPath } from '#layers/key-path.ts'
import type { LayerType } from '#layers/layer.ts'
import { mergeLayers } from '#layers/merge/merge.ts'
import { checkRequirements } from '#layers/requirements/requirements-check.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import type { StackView } from '#layers/stack/stack-view.ts'
import { EMPTY_TABLE, sameValue, valueAt, type TomlTable } from '#layers/value.ts'

/**
 * Refuses a user layer that the CLI would refuse, alone or with the layers around it, and one that sets what a requirement
 * does not allow.
 *
 * @param updated the stack after the edits
 * @param before the user layer before them: what it said already is nobody's new fault
 * @throws LayersError `configValidationError`
 */
export function checkUpdated(updated: StackView, before: TomlTable): void {
  const user = updated.userLayer()?.config ?? EMPTY_TABLE
  refuseFault(updated.profile, user)
  refuseFault(updated.profile, updated.effectiveConfig())
  for (const { path, message } of checkRequirements(updated.requirements, lastingConfig(updated))) {
    const value = valueAt(user, path)
    const old = valueAt(before, path)
    const isNew = value !== undefined && (old === undefined || !sameValue(old, value))
    if (isNew) throw new LayersError('configValidationError', message)
  }
}

function refuseFault(profile: RuntimeProfile, config: TomlTable): void {
  const fault = profile.findTypeFault(config)
  if (fault === null) return
  throw new LayersError('configValidationError', `${formatKeyPath(fault.path)}: ${fault.reason}`)
}

/** Gone with the session or the folder: a user must not rely on these to hide what is not allowed. */
const PASSING: ReadonlySet<LayerType> = new Set(['sessionFlags', 'project', 'projectFile', 'localFile'])

/** What applies wherever the user works. What an administrator's layer overrides is in it as overridden, so it may be set. */
function lastingConfig(stack: StackView): TomlTable {
  const lasting = stack.layersHighToLow().filter(({ name }) => !PASSING.has(name.type))
  return mergeLayers(
    lasting.toReversed().map(({ config }) => config),
    stack.profile.rules,
  )
}
