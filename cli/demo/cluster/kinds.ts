import { setTimeout as sleep } from 'node:timers/promises'

import { AppError, isAppError } from '#core/errors.ts'
import { API_VERSION } from '#crds/group.ts'
import { DEFINITIONS } from '#crds/types/definitions.generated.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'

const DEFINITIONS_PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const USERS_PATH = `/apis/${API_VERSION}/users`

/**
 * Installs the kinds that a cluster does not have, and leaves those that it has.
 *
 * @returns how to take away again what was installed, and every object of it
 * @throws AppError `ALREADY_EXISTS` when somebody is a user of that cluster: a demo does not play in real people's things
 */
export async function installKinds(client: KubeClient): Promise<() => Promise<void>> {
  await requireNobody(client)
  const installed: string[] = []
  for (const definition of Object.values(DEFINITIONS)) {
    try {
      await client.request({ method: 'POST', path: DEFINITIONS_PATH, body: definition })
      installed.push(definition.metadata.name)
    } catch (error) {
      if (!isAppError(error, 'ALREADY_EXISTS')) throw error
    }
  }
  return async () => {
    for (const name of installed)
      await client.request({ method: 'DELETE', path: `${DEFINITIONS_PATH}/${name}` })
    for (const name of installed) await untilGone(client, name)
  }
}

const GONE_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 100

// An API server deletes the objects of a kind first, after it has answered: whoever installs it again too soon is refused.
async function untilGone(client: KubeClient, name: string): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS
  for (;;) {
    try {
      await client.request({ method: 'GET', path: `${DEFINITIONS_PATH}/${name}` })
    } catch (error) {
      if (isAppError(error, 'NOT_FOUND')) return
      throw error
    }
    if (performance.now() > deadline)
      throw new AppError('STORE_UNAVAILABLE', `expected ${name} to be gone within ${GONE_WITHIN_MS / 1000} s`)
    await sleep(LOOK_EVERY_MS)
  }
}

async function requireNobody(client: KubeClient): Promise<void> {
  const users = await client
    .request({ method: 'GET', path: USERS_PATH, query: { limit: 1 } })
    .catch((error: unknown) => {
      // The kind is not there, or not for us to see; the latter shows at the next step.
      if (isAppError(error, 'STORE_UNAVAILABLE')) return { items: [] }
      throw error
    })
  const isEmpty =
    typeof users === 'object' &&
    users !== null &&
    'items' in users &&
    Array.isArray(users.items) &&
    users.items.length === 0
  if (isEmpty) return
  throw new AppError(
    'ALREADY_EXISTS',
    'this cluster has users of runtimeconfig already, whose operator the demo would get in the way of; name another with --kubeconfig FILE',
  )
}
