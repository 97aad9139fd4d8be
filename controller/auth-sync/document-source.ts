import type { ObjectOf } from '#crds/kinds.ts'

/**
 * Says where a configuration's auth document is, as text that differs when that is another place or another ciphertext.
 * `null`: it has none. What a Secret holds may change while this stays the same.
 */
export function documentSourceOf(config: ObjectOf<'UserRuntimeConfig'> | undefined): string | null {
  const { encryptedValue, secretRef } = config?.spec.auth ?? {}
  if (secretRef !== undefined) return `secret:${secretRef.name}/${secretRef.key}`
  return encryptedValue === undefined ? null : `sealed:${encryptedValue}`
}
