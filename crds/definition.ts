/** A custom resource definition, as `kubectl apply` takes it. */
export interface Definition {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly names: {
      readonly kind: string
      readonly listKind: string
      readonly plural: string
      readonly singular: string
      readonly shortNames?: readonly string[]
      readonly categories?: readonly string[]
    }
    /** Exactly one. */
    readonly versions: readonly DefinitionVersion[]
  }
}

interface DefinitionVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly subresources: { readonly status: Readonly<Record<string, never>> }
  readonly selectableFields?: readonly { readonly jsonPath: string }[]
  readonly additionalPrinterColumns?: readonly PrinterColumn[]
  readonly schema: { readonly openAPIV3Schema: Schema }
}

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string
  readonly type: string
  /** Starts with a dot, relative to the object. */
  readonly jsonPath: string
  readonly description?: string
  /** Above 0: only shown with `-o wide`. */
  readonly priority?: number
}

/** A node of a structural schema: the keywords that the definitions in this folder use. */
export interface Schema {
  readonly type: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
  readonly items?: Schema
  readonly required?: readonly string[]
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-validations'?: readonly SchemaRule[]
}

/** A CEL rule on a node of a schema. */
export interface SchemaRule {
  readonly rule: string
  readonly message: string
  /** Where the violation is reported, relative to the node; absent: the node itself. */
  readonly fieldPath?: string
}
