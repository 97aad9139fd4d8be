import { isDeepStrictEqual } from 'node:util'

import { toRefusal } from '#api/config-faults.ts'
import { configFileOf, MAX_CONFIG_BYTES, textsOf } from '#api/config-stacks.ts'
import type { ApiContext } from '#api/deps.ts'
import { lookUpRuntime } from '#api/look-up-runtime.ts'
import { parseAuthDocument } from '#core/auth-document.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { parseProxyUrl } from '#core/proxy.ts'
import type { Runtime } from '#core/runtimes.ts'
import type { Secret } from '#core/secret.ts'
import { timeAfter } from '#core/time-after.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { fingerprint } from '#layers/fingerprint.ts'
import { readLayerText } from '#layers/layer-text.ts'
import { findManagedFault } from '#layers/managed-fault.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'
import { authPlace, layerPlace, proxyPlace } from '#secrets/places.ts'
import type { Place } from '#secrets/seal.ts'
import { findObject } from '#store/find-object.ts'
import type { User } from '#store/users.ts'

import type { ManifestScope } from './scope.ts'

/** A manifest that was found to fit its kind, and what is stored under its name. */
interface MergeInput<K extends KindName> {
  readonly scope: ManifestScope
  readonly manifest: ObjectOf<K>
  readonly stored: ObjectOf<K> | undefined
}

type Merge<K extends KindName> = (api: ApiContext, input: MergeInput<K>) => Promise<ObjectOf<K>['spec']>

/**
 * Gives the spec to store for a manifest. What is sealed is kept where the manifest brings nothing, and taken from it only
 * if it opens at this very place; digests and times are worked out, never believed.
 */
export const MERGES: { readonly [K in KindName]: Merge<K> } = {
  UserRuntimeConfig: mergeConfig,
  UserProxyConfig: mergeProxy,
  Device: mergeDevice,
  Runtime: async (_api, { manifest }) => manifest.spec,
  ManagedRuntimeConfig: mergeManaged,
  User: async () => {
    throw new AppError('INVALID', 'kind: users are not applied')
  },
}

type ConfigSpec = ObjectOf<'UserRuntimeConfig'>['spec']
type Auth = NonNullable<ConfigSpec['auth']>

async function mergeConfig(api: ApiContext, input: MergeInput<'UserRuntimeConfig'>): Promise<ConfigSpec> {
  const { manifest, stored } = input
  const { auth: _auth, config: _config, updatedAt: _updatedAt, ...rest } = manifest.spec
  // There is one object a runtime, so this also bounds what one user can have stored and held in memory.
  if (stored === undefined) await lookUpRuntime(api, manifest.spec.runtime)
  const auth = await mergeAuth(api, input)
  const config = await mergeLayer(api, input)
  const spec = { ...rest, ...(auth && { auth }), ...(config && { config }) }
  const { updatedAt, ...before } = stored?.spec ?? {}
  if (stored !== undefined && isDeepStrictEqual(before, spec)) return stored.spec
  return { ...spec, updatedAt: timeAfter(api.clock.now(), updatedAt) }
}

async function mergeAuth(api: ApiContext, input: MergeInput<'UserRuntimeConfig'>): Promise<Auth | undefined> {
  const { manifest, stored, scope } = input
  const [given, kept] = [manifest.spec.auth, stored?.spec.auth]
  if (given === undefined) return kept
  const runtime = await lookUpRuntime(api, manifest.spec.runtime)
  checkAuth(given, { scope, runtime })
  const { encryptedValue: sealed, sha256: _sha256, updatedAt: _updatedAt, ...policies } = given
  if (policies.secretRef !== undefined) return { ...policies, ...referredAt(api, policies.secretRef, kept) }
  const isStored = sealed === undefined || sealed === kept?.encryptedValue
  const document = isStored ? storedDocument(kept) : await openDocument(api, { sealed, kept, scope, runtime })
  return { ...policies, ...document }
}

/** When a Secret came to be referred to: devices take it for newer than what was stored before, however old it is. */
function referredAt(
  api: ApiContext,
  secretRef: NonNullable<Auth['secretRef']>,
  kept: Auth | undefined,
): Pick<Auth, 'updatedAt'> {
  if (!isDeepStrictEqual(secretRef, kept?.secretRef))
    return { updatedAt: timeAfter(api.clock.now(), kept?.updatedAt) }
  return kept?.updatedAt === undefined ? {} : { updatedAt: kept.updatedAt }
}

interface AuthOwner {
  readonly scope: ManifestScope
  readonly runtime: Runtime
}

function checkAuth(given: Auth, { scope, runtime }: AuthOwner): void {
  if (given.targetPath !== runtime.spec.auth.targetPath) {
    throw new AppError(
      'INVALID',
      'spec.auth.targetPath: expected the path that the Runtime names; change it there',
    )
  }
  if (given.secretRef === undefined || scope.isAdmin) return
  throw new AppError(
    'INVALID',
    'spec.auth.secretRef: needs a token with the scope admin; upload the document instead',
  )
}

type StoredDocument = Pick<Auth, 'encryptedValue' | 'sha256' | 'updatedAt'>

async function openDocument(
  api: ApiContext,
  { sealed, kept, scope, runtime }: AuthOwner & { readonly sealed: string; readonly kept: Auth | undefined },
): Promise<StoredDocument> {
  const place = authPlace(scope.owner, runtime.metadata.name)
  const opened = await openHere(api, sealed, place)
  const { normalForm, sha256 } = parseAuthDocument(opened.open(), runtime.spec.auth.validation)
  if (sha256 === kept?.sha256) return storedDocument(kept)
  const updatedAt = timeAfter(api.clock.now(), kept?.updatedAt)
  return { encryptedValue: await api.sealer.seal(normalForm, place), sha256, updatedAt }
}

function storedDocument(kept: Auth | undefined): StoredDocument {
  const { encryptedValue, sha256, updatedAt } = kept ?? {}
  return {
    ...(encryptedValue !== undefined && { encryptedValue }),
    ...(sha256 !== undefined && { sha256 }),
    ...(updatedAt !== undefined && { updatedAt }),
  }
}

async function mergeLayer(
  api: ApiContext,
  { manifest, stored, scope }: MergeInput<'UserRuntimeConfig'>,
): Promise<ConfigSpec['config']> {
  const [given, kept] = [manifest.spec.config, stored?.spec.config]
  if (given === undefined || given.encryptedValue === kept?.encryptedValue) return kept
  const runtime = await lookUpRuntime(api, manifest.spec.runtime)
  const file = configFileOf(runtime)
  if (file instanceof AppError) throw file
  const place = layerPlace(scope.owner, runtime.metadata.name)
  const text = await openHere(api, given.encryptedValue, place)
  const version = versionOfLayer(text, registeredProfile(runtime.metadata.name, file.format))
  const encryptedValue = await api.sealer.seal(text, place)
  return {
    format: file.format,
    encryptedValue,
    version,
    updatedAt: timeAfter(api.clock.now(), kept?.updatedAt),
  }
}

function versionOfLayer(text: Secret<string>, profile: RuntimeProfile): string {
  const plain = text.open()
  const bytes = Buffer.byteLength(plain)
  if (bytes > MAX_CONFIG_BYTES) {
    throw new AppError(
      'INVALID',
      `spec.config.encryptedValue: expected at most ${MAX_CONFIG_BYTES} bytes inside, got ${bytes}`,
    )
  }
  try {
    return fingerprint(readLayerText(plain, profile))
  } catch (error) {
    throw toRefusal(error, 'spec.config.encryptedValue')
  }
}

async function mergeManaged(
  api: ApiContext,
  { manifest: { metadata, spec } }: MergeInput<'ManagedRuntimeConfig'>,
): Promise<ObjectOf<'ManagedRuntimeConfig'>['spec']> {
  // A runtime that is registered later is no fault of this manifest; its status says so until then.
  const runtime = await findObject(api.store, 'Runtime', { name: spec.runtime })
  const profile = registeredProfile(spec.runtime, runtime?.spec.config?.format ?? 'toml')
  const fault = findManagedFault(profile, textsOf({ metadata, spec }))
  if (fault !== null) throw new AppError('INVALID', `spec.${fault.field}:${fault.message}`)
  return spec
}

type ProxySpec = ObjectOf<'UserProxyConfig'>['spec']

async function mergeProxy(api: ApiContext, input: MergeInput<'UserProxyConfig'>): Promise<ProxySpec> {
  const { manifest, stored, scope } = input
  const kept = stored?.spec ?? {}
  const given = manifest.spec.proxy
  if (given === undefined || given.encryptedUrl === kept.proxy?.encryptedUrl) return kept
  return sealProxy(api, { encryptedUrl: given.encryptedUrl, kept, owner: scope.owner })
}

interface NewProxy {
  readonly encryptedUrl: string
  readonly kept: ProxySpec
  readonly owner: User
}

async function sealProxy(api: ApiContext, { encryptedUrl, kept, owner }: NewProxy): Promise<ProxySpec> {
  const place = proxyPlace(owner)
  const opened = await openHere(api, encryptedUrl, place)
  const url = parseProxyUrl(opened.open())
  if (url === null) throw new AppError('INVALID', 'spec.proxy.encryptedUrl: expected a URL, got blank text')
  if (url.sha256 === kept.proxy?.sha256) return kept
  const updatedAt = timeAfter(api.clock.now(), kept.updatedAt)
  const sealed = await api.sealer.seal(url.text, place)
  return { ...kept, proxy: { encryptedUrl: sealed, sha256: url.sha256, updatedAt }, updatedAt }
}

async function mergeDevice(
  _api: ApiContext,
  { manifest, stored }: MergeInput<'Device'>,
): Promise<ObjectOf<'Device'>['spec']> {
  if (stored === undefined) {
    throw new AppError(
      'INVALID',
      'Device: a device is made when it registers; only one that exists can be changed',
    )
  }
  // A device says itself what it is; its owner decides only whether it is suspended.
  const { suspend: _, ...said } = stored.spec
  return { ...said, ...(manifest.spec.suspend !== undefined && { suspend: manifest.spec.suspend }) }
}

async function openHere(api: ApiContext, sealed: string, place: Place): Promise<Secret<string>> {
  try {
    return await api.sealer.open(sealed, place)
  } catch (cause) {
    if (!isAppError(cause, 'DECRYPT_FAILED')) throw cause
    throw new AppError(
      'INVALID',
      `${place.field}: expected a value that was sealed for this very object; leave it out to keep the stored one, or upload the document`,
      { cause },
    )
  }
}
