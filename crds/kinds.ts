import type { PrinterColumn, Schema } from './definition.ts'
import { DEFINITIONS, type Objects } from './types/definitions.generated.ts'

/** The name of a kind: `UserRuntimeConfig`, `Device`, … */
export type KindName = keyof Objects

/** An object of a kind, as its CRD describes it. */
export type ObjectOf<K extends KindName> = Objects[K]

/** What the CRD of a kind says about it. */
export interface Kind {
  readonly name: KindName
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly isNamespaced: boolean
  /** Paths without a leading dot, such as `spec.runtime`; `metadata.name` and `metadata.namespace` come on top. */
  readonly selectableFields: readonly string[]
  readonly printerColumns: readonly PrinterColumn[]
  readonly schema: Schema
}

/** The one list of kinds. */
export const KINDS: { readonly [K in KindName]: Kind } = {
  Device: readKind('Device'),
  ManagedRuntimeConfig: readKind('ManagedRuntimeConfig'),
  Runtime: readKind('Runtime'),
  User: readKind('User'),
  UserProxyConfig: readKind('UserProxyConfig'),
  UserRuntimeConfig: readKind('UserRuntimeConfig'),
}

/** The names of all kinds, in the order of the alphabet. */
export const KIND_NAMES: readonly KindName[] = Object.values(KINDS).map((kind) => kind.name)

/** Tells whether a text names a kind exactly, letter case included. */
export function isKindName(text: string): text is KindName {
  return Object.hasOwn(KINDS, text)
}

function readKind(name: KindName): Kind {
  const { scope, names, versions } = DEFINITIONS[name].spec
  const version = versions[0]
  if (version === undefined) throw new Error(`the definition of ${name} has no version`)
  return {
    name,
    listKind: names.listKind,
    plural: names.plural,
    singular: names.singular,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    isNamespaced: scope === 'Namespaced',
    selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath.slice(1)),
    printerColumns: version.additionalPrinterColumns ?? [],
    schema: version.schema.openAPIV3Schema,
  }
}
