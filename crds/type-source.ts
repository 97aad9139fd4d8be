import { compile, type JSONSchema } from 'json-schema-to-typescript'

import type { Definition, Schema } from './definition.ts'
import { API_VERSION } from './group.ts'

const OPTIONS = {
  additionalProperties: false,
  bannerComment: '',
  style: { semi: false, singleQuote: true, printWidth: 110, trailingComma: 'all' },
  ignoreMinAndMaxItems: true,
  strictIndexSignatures: true,
} as const

/** Writes the TypeScript of one kind: its object, spec, status and the objects in its lists, every field readonly. */
export async function typeSource(definition: Definition): Promise<string> {
  const { kind } = definition.spec.names
  const version = definition.spec.versions[0]
  if (version === undefined) throw new Error(`${kind} has no version`)
  const source = await compile(rootSchema(kind, version.schema.openAPIV3Schema), kind, OPTIONS)
  const imports = `import type { ObjectMeta } from '#crds/object.ts'\n`
  return `${imports}\n${asReadonly(source).trim()}\n`
}

function rootSchema(kind: string, schema: Schema): JSONSchema {
  const { spec, status } = schema.properties ?? {}
  if (spec === undefined || status === undefined) throw new Error(`${kind} needs a spec and a status`)
  return {
    ...described(schema),
    title: kind,
    type: 'object',
    required: ['apiVersion', 'kind', 'metadata', 'spec'],
    properties: {
      apiVersion: { tsType: `'${API_VERSION}'` },
      kind: { tsType: `'${kind}'` },
      metadata: { tsType: 'ObjectMeta' },
      spec: { ...convert(kind, spec), title: `${kind}Spec` },
      status: { ...convert(kind, status), title: `${kind}Status` },
    },
  }
}

/** Keeps what makes a type and drops bounds, which TypeScript cannot say. */
function convert(kind: string, schema: Schema): JSONSchema {
  if (schema['x-kubernetes-preserve-unknown-fields']) {
    return { ...described(schema), tsType: 'Readonly<Record<string, unknown>>' }
  }
  if (schema.enum !== undefined) return { ...described(schema), enum: [...schema.enum] }
  if (schema.type === 'array') return { ...described(schema), type: 'array', items: item(kind, schema) }
  if (schema.type === 'object') return { ...described(schema), ...objectSchema(kind, schema) }
  return { ...described(schema), type: schema.type === 'integer' ? 'integer' : scalar(schema.type) }
}

function item(kind: string, schema: Schema): JSONSchema {
  return schema.items === undefined ? {} : convert(kind, schema.items)
}

function objectSchema(kind: string, schema: Schema): JSONSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    return [name, titled(`${kind}${singular(name)}`, convert(kind, property))] as const
  })
  return {
    type: 'object',
    required: [...(schema.required ?? [])],
    properties: Object.fromEntries(properties),
    ...(schema.additionalProperties && { additionalProperties: convert(kind, schema.additionalProperties) }),
  }
}

/** Gives the objects of a list an exported type of their own: `DeviceRuntime` for `runtimes` of `Device`. */
function titled(title: string, schema: JSONSchema): JSONSchema {
  const items = schema.items
  if (items === undefined || Array.isArray(items) || typeof items === 'boolean') return schema
  return items.properties === undefined ? schema : { ...schema, items: { ...items, title } }
}

function described(schema: Schema): { readonly description?: string } {
  return schema.description === undefined ? {} : { description: schema.description }
}

function scalar(type: string): 'string' | 'boolean' | 'number' {
  if (type === 'string' || type === 'boolean' || type === 'number') return type
  throw new Error(`no TypeScript for the schema type ${type}`)
}

function singular(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1).replace(/s$/, '')
}

function asReadonly(source: string): string {
  return source
    .replaceAll(/^(\s*)([a-zA-Z]\w*\??: |\[k: string\]: )/gm, '$1readonly $2')
    .replaceAll(/: (.+)\[\]$/gm, ': readonly $1[]')
    .replaceAll(/^(\s*)readonly \[k: string\]: (.+) \| undefined;?$/gm, '$1readonly [k: string]: $2')
}
