import type { ObjectOf } from '#crds/kinds.ts'
import type { ObjectMeta } from '#crds/object.ts'
import type { NewObject } from '#store/store.ts'

type Meta = Partial<ObjectMeta>

/** A device as it registers; name and id are the same. */
export function aStoredDevice(
  metadata: Meta = {},
  spec: Partial<ObjectOf<'Device'>['spec']> = {},
): ObjectOf<'Device'> {
  const { name = 'mac-1' } = metadata
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: { namespace: 'user-1', ...metadata, name },
    spec: { deviceId: name, displayName: 'Mac', deviceType: 'local', ...spec },
  }
}

/** A user's configuration of a runtime, without a login; named after the runtime. */
export function aStoredConfig(
  metadata: Meta = {},
  spec: Partial<ObjectOf<'UserRuntimeConfig'>['spec']> = {},
): ObjectOf<'UserRuntimeConfig'> {
  const { name = 'codex' } = metadata
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'UserRuntimeConfig',
    metadata: { namespace: 'user-1', ...metadata, name },
    spec: { runtime: name, ...spec },
  }
}

/** A cluster-scoped object. */
export function aStoredRuntime(
  metadata: Meta = {},
  spec: Partial<ObjectOf<'Runtime'>['spec']> = {},
): ObjectOf<'Runtime'> {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Runtime',
    metadata: { name: 'gemini', ...metadata },
    spec: {
      displayName: 'Gemini',
      auth: { targetPath: '~/.gemini/auth.json', format: 'json', validation: { maxBytes: 1024 } },
      ...spec,
    },
  }
}

/** The status of a device that is connected to a replica. */
export function aDeviceStatus(gateway = 'replica-0'): NonNullable<ObjectOf<'Device'>['status']> {
  return { gateway, executorVersion: '1.2.3', runtimes: [{ name: 'codex', state: 'Missing' }] }
}

/** Hands a store what a careless or hostile client could send in place of an object. */
export function unchecked<K extends 'Device' | 'Runtime' | 'UserRuntimeConfig' | 'User'>(
  object: unknown,
): NewObject<K> & ObjectOf<K> {
  return object as NewObject<K> & ObjectOf<K>
}
