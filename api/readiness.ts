import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { Sealer } from '#secrets/seal.ts'

import type { ApiContext } from './deps.ts'
import type { HealthCheck } from './health.ts'

const PROBE_PLACE = { user: '', kind: 'Probe', namespace: '', name: 'readiness', field: 'value' }
const PROBE_TEXT = 'readiness'

/** Lists what must be so before this process is sent any work: the store answers, the keyring seals and opens. */
export function readinessChecks(api: ApiContext): readonly HealthCheck[] {
  return [
    { name: 'store', check: () => api.store.ping() },
    { name: 'keyring', check: () => probeKeyring(api) },
    ...(api.readinessChecks ?? []),
  ]
}

// Values that do not open are said but do not fail the check: one damaged value must not take the service from everybody.
async function probeKeyring({ sealer, openedProxies }: ApiContext): Promise<string | undefined> {
  await sealAndOpen(sealer)
  const count = openedProxies.unopenedCount
  return count === 0 ? undefined : `stored proxies that do not open with this keyring: ${count}`
}

async function sealAndOpen(sealer: Sealer): Promise<void> {
  const opened = await sealer.open(await sealer.seal(new Secret(PROBE_TEXT), PROBE_PLACE), PROBE_PLACE)
  if (opened.open() !== PROBE_TEXT)
    throw new AppError('KEYRING_UNUSABLE', 'the keyring does not open what it sealed')
}
