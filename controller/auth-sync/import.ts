import { parseAuthDocument } from '#core/auth-document.ts'
import type { CommandResult } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { timeAfter } from '#core/time-after.ts'
import { digestUnder } from '#secrets/document-digest.ts'
import { authPlace } from '#secrets/places.ts'

import type { AuthSyncDeps } from './deps.ts'
import type { Observation } from './observe.ts'
import { readDocument } from './opened-document.ts'

/**
 * Stores the document a device sent in place of the one that was observed.
 *
 * Only exactly the document that was decided on is stored. Rejects with `CONFLICT` when another document was stored
 * meanwhile, with `DEVICE_FAILED` when the device sent no document or another one than it reported, and with the codes of
 * `parseAuthDocument` when it is none of this runtime.
 */
export async function importDocument(
  seen: Observation,
  result: CommandResult,
  deps: Pick<AuthSyncDeps, 'store' | 'sealer' | 'deviceKeys' | 'clock' | 'logger'>,
): Promise<void> {
  const { key, user, runtime, config } = seen
  if (result.content === null || result.isTruncated) {
    throw new AppError('DEVICE_FAILED', 'device returned an invalid auth file')
  }
  const document = parseAuthDocument(result.content.open(), runtime.spec.auth.validation)
  const text = document.normalForm.open()
  requireDecidedOn(seen, digestUnder(deps.deviceKeys.deviceKey(key), text))
  if (config?.spec.auth === undefined)
    throw new AppError('CONFLICT', 'the stored document was deleted meanwhile')
  const { sha256, lastRefresh } = readDocument(text, runtime, document.sha256)
  const encryptedValue = await deps.sealer.seal(document.normalForm, authPlace(user, key.runtime))
  const updatedAt = timeAfter(deps.clock.now(), config.spec.auth.updatedAt)
  const auth = { ...config.spec.auth, encryptedValue, sha256, updatedAt }
  // The version of what was observed: a document that was stored since wins.
  await deps.store.update('UserRuntimeConfig', { ...config, spec: { ...config.spec, auth, updatedAt } })
  const fields = { device: key.deviceId, namespace: key.namespace, runtime: key.runtime, lastRefresh }
  deps.logger.info(fields, 'newer document imported from device')
}

function requireDecidedOn({ report, key }: Observation, digest: string): void {
  if (report?.runtimes.get(key.runtime)?.digest === digest) return
  // Reading again at once would only find the same report; the next heartbeat makes the decision new.
  throw new AppError('DEVICE_FAILED', 'the file on the device changed before it was read')
}
