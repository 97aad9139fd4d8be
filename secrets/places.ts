import type { Place } from './seal.ts'

/** Whose a sealed value is: a `User`, as far as a place names one. */
export interface PlaceOwner {
  /** `User.id`. */
  readonly id: string
  /** `User.namespace`. */
  readonly namespace: string
}

// What was sealed opens only at exactly this place: a change here makes everything that is stored unreadable.

/** Says where a user's sealed auth document of a runtime belongs. */
export function authPlace(owner: PlaceOwner, runtime: string): Place {
  return placeOf(owner, {
    kind: 'UserRuntimeConfig',
    name: runtime,
    field: 'spec.auth.encryptedValue',
  })
}

/** Says where a user's sealed configuration layer of a runtime belongs. */
export function layerPlace(owner: PlaceOwner, runtime: string): Place {
  return placeOf(owner, {
    kind: 'UserRuntimeConfig',
    name: runtime,
    field: 'spec.config.encryptedValue',
  })
}

/** Says where a user's sealed proxy belongs. */
export function proxyPlace(owner: PlaceOwner): Place {
  return placeOf(owner, { kind: 'UserProxyConfig', name: 'default', field: 'spec.proxy.encryptedUrl' })
}

function placeOf(
  { id, namespace }: PlaceOwner,
  { kind, name, field }: Pick<Place, 'kind' | 'name' | 'field'>,
): Place {
  return { user: id, kind, namespace, name, field }
}
