import type { DeviceReports, ObjectCache } from '#controller/ports.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import { isNothingThere } from '#core/document-fault.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { findRuntime } from '#core/runtimes.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { authPlace } from '#secrets/places.ts'
import { findObject } from '#store/find-object.ts'
import type { User } from '#store/users.ts'

import type { AuthSyncDeps } from './deps.ts'
import { documentSourceOf } from './document-source.ts'
import { requireDevice } from './explain.ts'
import type { OpenRequest } from './opened-document.ts'
import { toKeyText } from './sync-key.ts'

type Config = ObjectOf<'UserRuntimeConfig'>

/** Which devices to sync now. */
export interface SyncRequest {
  readonly namespace: string
  readonly runtime: string
  /** Absent: all devices of the user. */
  readonly deviceIds?: readonly string[]
}

/** How long a cache may take to see what its store has already. */
const CATCH_UP_MS = 2_000

/**
 * Syncs devices at once and resolves when each answered or failed, in the order asked for, else by device id.
 * Rejects with `RUNTIME_UNSUPPORTED`, `AUTH_MISSING`, `DECRYPT_FAILED` or `DEVICE_UNKNOWN`.
 */
export async function requestSync(request: SyncRequest, deps: AuthSyncDeps): Promise<readonly SyncOutcome[]> {
  const registered = findRuntime(deps.cache.list('Runtime'), request.runtime)
  const runtime = registered.metadata.name
  const user = deps.users.findByNamespace(request.namespace)
  if (user === undefined) throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
  const { namespace } = user
  const config = await requireDocument(user, runtime, deps)
  await requireSecret({ user, runtime: registered, config }, deps)
  for (const deviceId of request.deviceIds ?? []) requireDevice({ namespace, deviceId }, deps)
  await waitUntilCached(config, deps)
  const deviceIds = request.deviceIds ?? devicesOf(namespace, deps)
  const outcomes = deviceIds.map((deviceId) => {
    const { promise, resolve } = Promise.withResolvers<SyncOutcome>()
    const keyText = toKeyText({ namespace, deviceId, runtime })
    deps.requests.add(keyText, [resolve])
    deps.queue.add(keyText, 'user')
    return promise
  })
  return Promise.all(outcomes)
}

/**
 * Gives what a user has for a runtime as it is stored now, after opening a sealed document once to see that it can be sent.
 * Rejects with `AUTH_MISSING` or `DECRYPT_FAILED`.
 */
export async function requireDocument(
  user: User,
  runtime: string,
  { store, sealer }: Pick<AuthSyncDeps, 'store' | 'sealer'>,
): Promise<Config> {
  const key = { namespace: user.namespace, name: runtime }
  const stored = await findObject(store, 'UserRuntimeConfig', key)
  if (stored === undefined || documentSourceOf(stored) === null)
    throw new AppError('AUTH_MISSING', 'auth_json is not configured')
  const sealed = stored.spec.auth?.encryptedValue
  if (sealed === undefined) return stored
  try {
    await sealer.open(sealed, authPlace(user, runtime))
  } catch (cause) {
    if (!isAppError(cause, 'DECRYPT_FAILED')) throw cause
    throw new AppError('DECRYPT_FAILED', 'auth_json could not be decrypted', { cause })
  }
  return stored
}

/** Reads a referenced Secret anew: who changed it and then asks to sync means what it holds now. */
async function requireSecret(
  request: OpenRequest,
  { documents }: Pick<AuthSyncDeps, 'documents'>,
): Promise<void> {
  if (request.config.spec.auth?.secretRef === undefined) return
  const { fault } = await documents.refresh(request)
  if (fault !== null)
    throw new AppError(isNothingThere(fault) ? 'AUTH_MISSING' : 'DECRYPT_FAILED', fault.message)
}

/** Who stores and then asks to sync means what they stored. A cache that stays behind must not hold the answer back. */
async function waitUntilCached(stored: Config, { cache, clock }: AuthSyncDeps): Promise<void> {
  const { namespace = '', name } = stored.metadata
  const source = documentSourceOf(stored)
  const isCached = () => documentSourceOf(cache.get('UserRuntimeConfig', { namespace, name })) === source
  if (isCached()) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const check = () => (isCached() ? resolve() : undefined)
  const stops = [cache.onChange('UserRuntimeConfig', check), clock.after(CATCH_UP_MS, resolve)]
  await promise
  for (const stop of stops) stop()
}

/** Every device of a user, ordered by id: what is written down, and what was heard of here. */
export function devicesOf(
  namespace: string,
  {
    cache,
    reports,
  }: { readonly cache: Pick<ObjectCache, 'list'>; readonly reports: Pick<DeviceReports, 'list'> },
): readonly string[] {
  const written = cache.list('Device', namespace).map((device) => device.spec.deviceId)
  const reported = reports.list(namespace).map((report) => report.deviceId)
  return [...new Set([...written, ...reported])].sort()
}
