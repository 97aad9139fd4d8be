import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { fingerprint } from '#layers/fingerprint.ts'
import type { JsonValue } from '#layers/json/read.ts'
import { formatKeyPath } from '#layers/key-path.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { renderToml } from '#layers/toml/render.ts'
import {
  DATETIME_KEY,
  EMPTY_TABLE,
  isArray,
  isTable,
  sameValue,
  TomlDatetime,
  valueAt,
  type TomlTable,
  type TomlValue,
} from '#layers/value.ts'
import { applyEdits, planWrite, type ConfigEdit, type WritePlan } from '#layers/write/write.ts'
import { anyStack, anyTable, anyValue, KEYS } from '#test/layers/any-config.ts'

interface AnyEdit {
  readonly path: readonly string[]
  readonly value: TomlValue | null
  readonly mergeStrategy: ConfigEdit['mergeStrategy']
}

function anyEdit(): fc.Arbitrary<AnyEdit> {
  return fc.record({
    // A key path cannot hold an empty key.
    path: fc.array(fc.constantFrom(...KEYS.filter((key) => key !== '')), { minLength: 1, maxLength: 3 }),
    value: fc.option(anyValue(), { freq: 4 }),
    mergeStrategy: fc.constantFrom('replace', 'upsert'),
  })
}

function toEdit({ path, value, mergeStrategy }: AnyEdit): ConfigEdit {
  return { keyPath: formatKeyPath(path), value: value === null ? null : toJsonValue(value), mergeStrategy }
}

function toJsonValue(value: TomlValue): JsonValue {
  if (value instanceof TomlDatetime) return new Map([[DATETIME_KEY, value.text]])
  if (isArray(value)) return value.map(toJsonValue)
  return isTable(value) ? new Map([...value].map(([key, item]) => [key, toJsonValue(item)])) : value
}

/** The user layer of a stack as the text of its file. */
function textOf(stack: ConfigLayerStack): string {
  return renderToml(userTable(stack))
}

function userTable(stack: ConfigLayerStack): TomlTable {
  return stack.userLayer()?.config ?? EMPTY_TABLE
}

/** A plan, or null when the edits are refused, as they may be: something can be in the way of any path. */
function planOf(stack: ConfigLayerStack, edits: readonly AnyEdit[]): WritePlan | null {
  try {
    return planWrite({ stack, text: textOf(stack), edits: edits.map(toEdit) })
  } catch (error) {
    if (error instanceof LayersError && error.code === 'configValidationError') return null
    throw error
  }
}

describe('any write', () => {
  it('gives the value back when it is read', () => {
    fc.assert(
      fc.property(anyStack(), anyEdit(), (stack, edit) => {
        const plan = planOf(stack, [edit])
        if (plan === null || (edit.mergeStrategy === 'upsert' && edit.value !== null)) return

        expect(valueAt(readToml(plan.text), edit.path) ?? null).toEqual(edit.value)
      }),
    )
  })

  it('means in the text what it means in memory, whatever the batch', () => {
    fc.assert(
      fc.property(anyStack(), fc.array(anyEdit(), { maxLength: 4 }), (stack, edits) => {
        const plan = planOf(stack, edits)
        if (plan === null) return
        const edited = applyEdits(userTable(stack), edits.map(toEdit), stack.profile.rules)

        expect(sameValue(readToml(plan.text), edited)).toBe(true)
        expect(plan.result.version).toBe(fingerprint(edited))
        expect(plan.nextVersion).toBe(fingerprint(edited))
      }),
    )
  })

  it('says ok, or names a layer above and what applies instead', () => {
    fc.assert(
      fc.property(anyStack(), anyEdit(), (stack, edit) => {
        const plan = planOf(stack, [edit])
        if (plan === null) return
        const updated = stack.withUserConfig('/home/config.toml', readToml(plan.text))
        const { status, overriddenMetadata } = plan.result
        const wanted = valueAt(userTable(updated), edit.path)
        const effective = valueAt(updated.effectiveConfig(), edit.path)

        expect(status).toBe(overriddenMetadata === null ? 'ok' : 'okOverridden')
        if (overriddenMetadata === null) return
        expect(overriddenMetadata.effectiveValue).toEqual(effective ?? null)
        expect(overriddenMetadata.overridingLayer.name.type).not.toBe('user')
        expect(wanted).not.toEqual(effective)
      }),
    )
  })

  it('leaves the text alone when everything is as it is told to be', () => {
    fc.assert(
      fc.property(anyStack(), (stack) => {
        const text = textOf(stack)
        const edits = [...userTable(stack)]
          .filter(([key]) => key !== '')
          .map(([key, value]) => toEdit({ path: [key], value, mergeStrategy: 'replace' }))

        expect(planWrite({ stack, text, edits })).toMatchObject({ text, changed: false })
      }),
    )
  })

  it('is all or nothing: a batch with one bad edit is refused whole and changes nothing', () => {
    fc.assert(
      fc.property(anyStack(), fc.array(anyEdit(), { maxLength: 3 }), (stack, edits) => {
        const before = textOf(stack)
        const bad: ConfigEdit = { keyPath: 'a..b', value: 1n, mergeStrategy: 'replace' }

        expect(() => planWrite({ stack, text: before, edits: [...edits.map(toEdit), bad] })).toThrow(
          LayersError,
        )
        expect(textOf(stack)).toBe(before)
      }),
    )
  })
})

describe('any stack', () => {
  it('keeps every other layer when its user layer is another one', () => {
    fc.assert(
      fc.property(anyStack(), anyTable(), (stack, table) => {
        const updated = stack.withUserConfig('/home/config.toml', table)
        const others = (each: ConfigLayerStack) => each.allLayers().filter(({ name }) => name.type !== 'user')

        expect(others(updated)).toEqual(others(stack))
        expect(userTable(updated)).toBe(table)
        expect(updated.withUserConfig('/home/config.toml', userTable(stack)).effectiveConfig()).toEqual(
          stack.effectiveConfig(),
        )
      }),
    )
  })
})
