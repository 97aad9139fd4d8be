import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { JsonValue } from '#layers/json/read.ts'
import { formatKeyPath } from '#layers/key-path.ts'
import { createLayer } from '#layers/layer.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { renderToml } from '#layers/toml/render.ts'
import { isTable, sameValue, valueAt, type TomlTable } from '#layers/value.ts'
import { planWrite } from '#layers/write/write.ts'

import { aStack, USER_FILE } from './stacks.ts'
import { anyDocument, type AnyDocument, type OwnedText } from './toml/documents.ts'

const RELEASES = ['0.128.0', '0.169.0'] as const

/** Whole documents in many styles as the system, user and managed file of one machine. */
function anyFiles(): fc.Arbitrary<{
  readonly texts: readonly [system: string, user: string, managed: string]
  readonly stack: ConfigLayerStack
}> {
  const text = anyDocument().map((document) => document.text)
  return fc.tuple(text, text, text, fc.constantFrom(...RELEASES)).map(([system, user, managed, release]) => ({
    texts: [system, user, managed],
    stack: aStack({ system, user, managed }, codexProfile(release)),
  }))
}

/** The same stack without its highest enabled layer. */
function withoutHighest(stack: ConfigLayerStack): ConfigLayerStack {
  const layers = stack.layersHighToLow().slice(1).toReversed()
  return ConfigLayerStack.of({ layers, profile: stack.profile })
}

/** Paths of everything that can be set: values that are no tables, outside of arrays. */
function leavesOf(table: TomlTable, prefix: readonly string[] = []): readonly (readonly string[])[] {
  return [...table].flatMap(([key, value]) =>
    isTable(value) ? leavesOf(value, [...prefix, key]) : [[...prefix, key]],
  )
}

describe('the origin of a key', () => {
  it('is a layer that really has the value that applies, at this place and in this version', () => {
    fc.assert(
      fc.property(anyFiles(), ({ stack }) => {
        for (const { path, winner } of stack.explainAll()) {
          const layer = stack.layersHighToLow().find(({ name }) => name === winner?.name)
          const [own, effective] = [layer?.config, stack.effectiveConfig()].map(
            (table) => table && valueAt(table, path),
          )
          expect(winner).toEqual(stack.liveOrigins().get(formatKeyPath(path)))
          expect(layer?.version).toBe(winner?.version)
          expect(own !== undefined && effective !== undefined && sameValue(own, effective)).toBe(true)
        }
      }),
    )
  })

  it('is another one, or none, when that layer is gone', () => {
    fc.assert(
      fc.property(anyFiles(), ({ stack }) => {
        const [highest] = stack.layersHighToLow()
        const rest = withoutHighest(stack)
        const named = [...rest.liveOrigins().values(), ...rest.origins().values()]
        expect(named.filter(({ name }) => name === highest?.name)).toEqual([])
        // What the other layers supply beside it, they supply without it as well.
        const others = [...stack.liveOrigins()].filter(([, { name }]) => name !== highest?.name)
        expect(others.map(([key]) => rest.liveOrigins().get(key))).toEqual(others.map(([, origin]) => origin))
      }),
    )
  })

  it('is told for every leaf that applies', () => {
    fc.assert(
      fc.property(anyFiles(), ({ stack }) => {
        const live = stack.liveOrigins()
        const leaves = leavesOf(stack.effectiveConfig())
        expect(leaves.filter((path) => !live.has(formatKeyPath(path)))).toEqual([])
      }),
    )
  })
})

describe('the version of a layer', () => {
  it('changes exactly when what the text says changes', () => {
    fc.assert(
      fc.property(anyDocument(), anyDocument(), ({ text: one }, { text: other }) => {
        const [first, second] = [readToml(one), readToml(other)]
        const name = { type: 'user', file: USER_FILE } as const
        const versions = [createLayer(name, first).version, createLayer(name, second).version]
        expect(versions[0] === versions[1]).toBe(sameMeaning(first, second))
      }),
    )
  })

  it('stays when the text is only written differently', () => {
    fc.assert(
      fc.property(anyDocument(), ({ text }) => {
        const respelled = `# rewritten\r\n${renderToml(readToml(text))}# at the end`
        const versions = [text, respelled].map((user) => aStack({ user }).userLayer()?.version)
        expect(versions[0]).toBe(versions[1])
      }),
    )
  })
})

/** A version tells no NaN from an infinity: JSON has neither. */
function sameMeaning(one: TomlTable, other: TomlTable): boolean {
  const comparable = (table: TomlTable) =>
    readToml(renderToml(table).replaceAll(/(?<== |[[ ])-?(?:inf|nan)/g, 'nan'))
  return sameValue(comparable(one), comparable(other))
}

const VALUES: readonly JsonValue[] = [
  'text',
  '',
  7n,
  -1.5,
  true,
  [1n, 'two', []],
  new Map([['k', new Map()]]),
]

describe('a write to a file', () => {
  it('is there when the file is read again, under the version that was answered, and no comment is lost', () => {
    fc.assert(
      fc.property(
        anyDocument(),
        fc.nat(),
        fc.constantFrom(...VALUES),
        (document: AnyDocument, seed, value) => {
          const stack = aStack({ user: document.text, managed: 'b = 1' })
          const known = leavesOf(readToml(document.text)).filter((path) => !path.includes(''))
          const path = known[seed % Math.max(1, known.length)] ?? ['new']
          const edit = { keyPath: formatKeyPath(path), value, mergeStrategy: 'replace' } as const
          const plan = planWrite({ stack, text: document.text, edits: [edit], filePath: USER_FILE })
          const after = aStack({ user: plan.text, managed: 'b = 1' })

          expect(after.userLayer()?.version).toBe(plan.result.version)
          expect(sameAsJson(valueAt(after.userLayer()?.config ?? new Map(), path), value)).toBe(true)
          const beside = document.comments.filter((comment) => isElsewhere(comment, path))
          expect(beside.filter(({ text }) => !plan.text.includes(text))).toEqual([])
          // Everything else is as it was.
          const undo = stack.withUserConfig(USER_FILE, after.userLayer()?.config ?? new Map())
          expect(undo.allLayers().map(({ version }) => version)).toEqual(
            after.allLayers().map(({ version }) => version),
          )
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** Whether an edit at a path has nothing to do with a comment. */
function isElsewhere({ path, isOfHeader }: OwnedText, edited: readonly string[]): boolean {
  return path.length === 0 || (!isPrefix(edited, path) && (isOfHeader || !isPrefix(path, edited)))
}

function isPrefix(one: readonly string[], other: readonly string[]): boolean {
  return one.length <= other.length && one.every((key, index) => key === other[index])
}

function sameAsJson(value: unknown, json: JsonValue): boolean {
  return JSON.stringify(comparable(value)) === JSON.stringify(comparable(json))
}

function comparable(value: unknown): unknown {
  if (value instanceof Map)
    return [...(value as ReadonlyMap<string, unknown>)].map(([key, item]) => [key, comparable(item)])
  if (Array.isArray(value)) return value.map(comparable)
  return typeof value === 'bigint' ? `integer ${String(value)}` : value
}
