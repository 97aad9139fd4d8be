import { isDeepStrictEqual } from 'node:util'

import type { ObjectCache } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import type { Clock } from '#core/clock.ts'
import type { ClaimVerdict, UserClaims } from '#core/user-claims.ts'
import { findCondition, type NewCondition, setCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { Store } from '#store/store.ts'
import type { UserNamespaces } from '#store/user-namespaces.ts'

/** What looking at Users stands on. */
export interface UserStatusDeps {
  readonly store: Pick<Store, 'get' | 'updateStatus'>
  readonly cache: ObjectCache
  /** Of every User in the cache; kept by `watches.ts`. */
  readonly userClaims: UserClaims
  readonly userNamespaces: UserNamespaces
  readonly clock: Clock
  /** Takes a User up again after so long. */
  readonly again: (name: string, delayMs: number) => void
}

type UserState = Pick<NewCondition, 'status' | 'reason' | 'message'>

const SERVED: UserState = {
  status: 'True',
  reason: 'NamespaceReady',
  message: 'The user is served, and the namespace is there.',
}

const TERMINATING: UserState = {
  status: 'False',
  reason: 'NamespaceTerminating',
  message:
    'The namespace is being deleted, so nothing can be stored for the user. It is made again when it is gone.',
}

/** Nobody tells when a namespace is gone. */
const LOOK_AGAIN_MS = 30_000

/** Sees to the namespace of a User, and says in the status whether the user is served. */
export async function reconcileUserStatus(name: string, deps: UserStatusDeps): Promise<void> {
  const user = deps.cache.get('User', { name })
  const verdict = deps.userClaims.verdictOf(name)
  if (user === undefined || verdict === undefined || user.metadata.deletionTimestamp !== undefined) return
  const state = verdict.isAccepted ? await observeNamespace(user, deps) : refusedBy(verdict, user)
  if (state === TERMINATING) deps.again(name, LOOK_AGAIN_MS)
  const observedGeneration = user.metadata.generation ?? 0
  const ready: NewCondition = { type: 'Ready', ...state, observedGeneration }
  const now = new Date(deps.clock.now()).toISOString()
  await writeStatus(deps.store, {
    kind: 'User',
    key: { name },
    render: ({ status }) => {
      const conditions = setCondition(status?.conditions ?? [], ready, now)
      return { ...status, observedGeneration, conditions }
    },
  })
}

/** Tells whether the status of a User says already what is to be said. A namespace that went away later does not count. */
export function isSettled(user: ObjectOf<'User'>, verdict: ClaimVerdict): boolean {
  const { generation = 0 } = user.metadata
  const ready = findCondition(user.status?.conditions, 'Ready')
  if (ready === undefined || user.status?.observedGeneration !== generation) return false
  const { status, reason, message } = ready
  const wanted = verdict.isAccepted ? SERVED : refusedBy(verdict, user)
  return isDeepStrictEqual({ status, reason, message }, wanted)
}

async function observeNamespace(
  { metadata, spec }: ObjectOf<'User'>,
  { userNamespaces }: UserStatusDeps,
): Promise<UserState> {
  const found = await userNamespaces.ensure({ id: metadata.name, namespace: spec.namespace })
  return found === 'ready' ? SERVED : TERMINATING
}

function refusedBy(
  { reason, holder }: Exclude<ClaimVerdict, { readonly isAccepted: true }>,
  { spec }: ObjectOf<'User'>,
): UserState {
  const todo = `Delete one of the two, or give this one another`
  const message =
    reason === 'SubjectTaken'
      ? `User ${holder} is older and has the same subject. ${todo} subject.`
      : `User ${holder} is older and has the namespace ${spec.namespace}. ${todo} namespace by making it anew.`
  return { status: 'False', reason, message }
}
