import type { ObjectCache, UserLookup } from '#controller/ports.ts'
import { writeStatus } from '#controller/status.ts'
import { unclaimed } from '#core/auth-sync-status.ts'
import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import { parseProxyUrl } from '#core/proxy.ts'
import { toSentence } from '#core/sentence.ts'
import { type NewCondition, setCondition } from '#crds/conditions.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { proxyPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { Store } from '#store/store.ts'

/** What looking at proxies stands on. */
export interface ProxyStatusDeps {
  readonly store: Store
  readonly cache: ObjectCache
  readonly users: UserLookup
  readonly sealer: Sealer
  readonly clock: Clock
}

interface ProxyState {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly maskedUrl: string
}

const NONE: ProxyState = {
  status: 'True',
  reason: 'NothingStored',
  message: 'No proxy is saved.',
  maskedUrl: '',
}

/** Says in a proxy's status whether it opens, and what people may see of it. */
export async function reconcileProxyStatus(text: string, deps: ProxyStatusDeps): Promise<void> {
  const [namespace = '', name = ''] = text.split('/')
  const proxy = deps.cache.get('UserProxyConfig', { namespace, name })
  if (proxy === undefined) return
  const { maskedUrl, ...rest } = await observeProxy(proxy, deps)
  const observedGeneration = proxy.metadata.generation ?? 0
  const ready: NewCondition = { type: 'Ready', ...rest, observedGeneration }
  const now = new Date(deps.clock.now()).toISOString()
  await writeStatus(deps.store, {
    kind: 'UserProxyConfig',
    key: { namespace, name },
    render: ({ status }) => {
      const conditions = setCondition(status?.conditions ?? [], ready, now)
      return { ...status, observedGeneration, conditions, maskedUrl }
    },
  })
}

async function observeProxy(proxy: ObjectOf<'UserProxyConfig'>, deps: ProxyStatusDeps): Promise<ProxyState> {
  const { namespace = '' } = proxy.metadata
  const user = deps.users.findByNamespace(namespace)
  if (user === undefined) return unusable('NamespaceUnclaimed', unclaimed(namespace))
  const sealed = proxy.spec.proxy?.encryptedUrl
  if (sealed === undefined) return NONE
  try {
    const masked = parseProxyUrl((await deps.sealer.open(sealed, proxyPlace(user))).open())?.masked ?? ''
    return { status: 'True', reason: 'Stored', message: 'The proxy is saved and opens.', maskedUrl: masked }
  } catch (error) {
    if (isAppError(error, 'DECRYPT_FAILED')) return unusable('DecryptFailed', notOpening(error.message))
    if (isAppError(error, 'PROXY_INVALID'))
      return unusable('ProxyInvalid', 'What is saved is not a usable proxy URL. Save the proxy again.')
    throw error
  }
}

function notOpening(why: string): string {
  return `The saved proxy does not open; it is not used. ${toSentence(why)}`
}

function unusable(reason: string, message: string): ProxyState {
  return { status: 'False', reason, message, maskedUrl: '' }
}
