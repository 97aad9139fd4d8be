import { describe, expect, it } from 'vitest'

import type { Definition, Schema } from '#crds/definition.ts'
import { typeSource } from '#crds/type-source.ts'

describe('typeSource', () => {
  it('writes object, spec, status and the objects of lists, and leaves bounds out', async () => {
    const source = await typeSource(
      aDefinition({
        type: 'object',
        required: ['colours'],
        properties: {
          colours: { type: 'array', maxItems: 2, items: { type: 'string', enum: ['red', 'blue'] } },
          rows: {
            type: 'array',
            items: { type: 'object', description: 'A row.', properties: { at: { type: 'integer' } } },
          },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          anything: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          isOn: { type: 'boolean' },
        },
      }),
    )
    expect(source).toBe(`import type { ObjectMeta } from '#crds/object.ts'

export interface Lamp {
  readonly apiVersion: 'agent.wecode.io/v1'
  readonly kind: 'Lamp'
  readonly metadata: ObjectMeta
  readonly spec: LampSpec
  readonly status?: LampStatus
}
export interface LampSpec {
  readonly colours: readonly ('red' | 'blue')[]
  readonly rows?: readonly LampRow[]
  readonly labels?: {
    readonly [k: string]: string
  }
  readonly anything?: Readonly<Record<string, unknown>>
  readonly isOn?: boolean
}
/**
 * A row.
 */
export interface LampRow {
  readonly at?: number
}
export interface LampStatus {}
`)
  })

  it.each([
    ['a type it has no words for', { type: 'object', properties: { x: { type: 'null' } } }, 'no TypeScript'],
    ['no status', null, 'needs a spec and a status'],
  ] as const)('refuses %s', async (_why, spec, words) => {
    await expect(typeSource(aDefinition(spec))).rejects.toThrow(words)
  })
})

function aDefinition(spec: Schema | null): Definition {
  const names = { kind: 'Lamp', listKind: 'LampList', plural: 'lamps', singular: 'lamp' }
  const properties = spec === null ? {} : { spec, status: { type: 'object' } }
  const openAPIV3Schema: Schema = { type: 'object', properties }
  const version = { name: 'v1', served: true, storage: true, subresources: { status: {} } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'lamps.agent.wecode.io' },
    spec: {
      group: 'agent.wecode.io',
      scope: 'Namespaced',
      names,
      versions: [{ ...version, schema: { openAPIV3Schema } }],
    },
  }
}
