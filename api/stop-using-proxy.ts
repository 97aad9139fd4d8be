import { withoutProxyUse } from '#core/preferences.ts'

import type { ApiContext } from './deps.ts'
import { retryOnConflict } from './retry.ts'
import { readUser } from './state-source.ts'

/**
 * Switches `use_proxy` off for every runtime of a user. To be called after the proxy was taken away: a switch that is on
 * without a proxy does nothing, a proxy that survives its clearing would be used.
 */
export async function stopUsingProxy(api: ApiContext, userId: string): Promise<void> {
  await retryOnConflict(api, userId, async () => {
    const user = await readUser(api.stored, userId)
    const preferences = withoutProxyUse(user.preferences)
    if (preferences === user.preferences) return
    await api.users.updatePreferences(user.id, { expectedVersion: user.resourceVersion, preferences })
  })
}
