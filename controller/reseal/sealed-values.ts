import type { SealedCount } from '#controller/metrics.ts'
import type { ObjectCache } from '#controller/ports.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { authPlace, layerPlace, type PlaceOwner, proxyPlace } from '#secrets/places.ts'
import { kidOf, type Place, type Sealer } from '#secrets/seal.ts'

/** Kinds that hold sealed values. */
export const SEALED_KINDS = ['UserRuntimeConfig', 'UserProxyConfig'] as const

/** One of {@link SEALED_KINDS}. */
export type SealedKind = (typeof SEALED_KINDS)[number]

type Config = ObjectOf<'UserRuntimeConfig'>
type Proxy = ObjectOf<'UserProxyConfig'>

/** A sealed value that is stored. */
export interface SealedValue {
  /** Unique within the object. */
  readonly field: 'auth' | 'config' | 'proxy'
  readonly text: string
}

/** Gives the sealed values of an object. */
export function sealedValuesOf(object: Config | Proxy): readonly SealedValue[] {
  if (object.kind === 'UserProxyConfig') return valueOf('proxy', object.spec.proxy?.encryptedUrl)
  const { auth, config } = object.spec
  return [...valueOf('auth', auth?.encryptedValue), ...valueOf('config', config?.encryptedValue)]
}

function valueOf(field: SealedValue['field'], text: string | undefined): readonly SealedValue[] {
  return text === undefined ? [] : [{ field, text }]
}

/** Says where a sealed value of an object belongs. */
export function placeOfValue(owner: PlaceOwner, object: Config | Proxy, { field }: SealedValue): Place {
  if (field === 'proxy') return proxyPlace(owner)
  const { name } = object.metadata
  return field === 'auth' ? authPlace(owner, name) : layerPlace(owner, name)
}

/** Gives the object with other ciphertexts, by field, and nothing else changed. */
export function withSealedValues<O extends Config | Proxy>(
  object: O,
  texts: ReadonlyMap<SealedValue['field'], string>,
): O {
  const spec: Readonly<Record<string, unknown>> = { ...object.spec }
  const changed = [...texts].map(([field, text]) => {
    const name = field === 'proxy' ? 'encryptedUrl' : 'encryptedValue'
    return [field, { ...(spec[field] as object), [name]: text }]
  })
  return { ...object, spec: { ...spec, ...Object.fromEntries(changed) } }
}

/** The key of a value that names none, or one that is not in the keyring: whoever writes a resource could make up any number. */
const NO_KID = 'none'
const UNKNOWN_KID = 'unknown'

/** Objects of a cache are never changed, so what was read off one stays true. */
const kidsOfObject = new WeakMap<object, readonly (string | null)[]>()

/** Gives, for each sealed value of an object in memory, the key it names. */
export function kidsOf(object: Config | Proxy): readonly (string | null)[] {
  const known = kidsOfObject.get(object)
  if (known !== undefined) return known
  const kids = sealedValuesOf(object).map(({ text }) => kidOf(text))
  kidsOfObject.set(object, kids)
  return kids
}

/** What counting stands on. */
export interface CountDeps {
  readonly cache: Pick<ObjectCache, 'list'>
  readonly sealer: Pick<Sealer, 'keys'>
}

/** Counts the sealed values in memory by key; every key of the keyring is there, with 0 when nothing is sealed with it. */
export function countSealedValues({ cache, sealer: { keys } }: CountDeps): readonly SealedCount[] {
  return SEALED_KINDS.flatMap((kind) => {
    const counts = new Map((keys?.all ?? []).map((kid) => [kid, 0]))
    for (const label of cache.list(kind).flatMap(kidsOf).map(labelIn(counts)))
      counts.set(label, (counts.get(label) ?? 0) + 1)
    return [...counts].map(([kid, count]) => ({ kid, kind, count }))
  })
}

function labelIn(known: ReadonlyMap<string, number>): (kid: string | null) => string {
  return (kid) => {
    if (kid === null) return NO_KID
    return known.has(kid) ? kid : UNKNOWN_KID
  }
}
