import type { ObjectCache, UserLookup } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import type { Clock } from '#core/clock.ts'
import { selectsUser } from '#core/managed-config.ts'
import { type NewCondition, setCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { LayersErrorCode } from '#layers/errors.ts'
import { findManagedFault } from '#layers/managed-fault.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'
import type { Store } from '#store/store.ts'

type ManagedConfig = ObjectOf<'ManagedRuntimeConfig'>
type Verdict = Pick<NewCondition, 'status' | 'reason' | 'message'>

/** What looking at managed configurations stands on. */
export interface ManagedStatusDeps {
  readonly store: Store
  readonly cache: ObjectCache
  readonly users: Pick<UserLookup, 'list'>
  readonly clock: Clock
}

/** Says in a managed configuration's status whether it can be used, and for how many users it is. */
export async function reconcileManagedStatus(name: string, deps: ManagedStatusDeps): Promise<void> {
  const config = deps.cache.get('ManagedRuntimeConfig', { name })
  if (config === undefined) return
  const observedGeneration = config.metadata.generation ?? 0
  const ready: NewCondition = { type: 'Ready', ...judge(config, deps), observedGeneration }
  const selectedUsers = deps.users.list().filter((user) => user.isActive && selectsUser(config, user)).length
  const now = new Date(deps.clock.now()).toISOString()
  await writeStatus(deps.store, {
    kind: 'ManagedRuntimeConfig',
    key: { name },
    render: ({ status }) => {
      const conditions = setCondition(status?.conditions ?? [], ready, now)
      return { ...status, observedGeneration, selectedUsers, conditions }
    },
  })
}

function judge({ metadata, spec }: ManagedConfig, { cache }: ManagedStatusDeps): Verdict {
  const runtime = cache.get('Runtime', { name: spec.runtime })
  if (runtime === undefined)
    return unusable('RuntimeUnknown', `No Runtime ${spec.runtime} is registered. Apply one with this name.`)
  const file = runtime.spec.config
  if (file === undefined)
    return unusable('ConfigUnsupported', `The Runtime ${spec.runtime} has no spec.config.`)
  const { config, requirements } = spec
  const texts = {
    name: metadata.name,
    ...(config !== undefined && { config }),
    ...(requirements !== undefined && { requirements }),
  }
  const fault = findManagedFault(registeredProfile(spec.runtime, file.format), texts)
  if (fault === null) return of('True', 'Parsed', 'Everything in it can be read, and is in force.')
  return judgeFault(fault.code, `spec.${fault.field}:${fault.message}`)
}

function judgeFault(code: LayersErrorCode, message: string): Verdict {
  if (code === 'configTypeError') return unusable('WrongType', message)
  if (code === 'requirementsInvalid') return unusable('RequirementsInvalid', message)
  return unusable('SyntaxError', message)
}

function unusable(reason: string, message: string): Verdict {
  return { status: 'False', reason, message }
}

function of(status: 'True', reason: string, message: string): Verdict {
  return { status, reason, message }
}
