import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { editValue, type TomlEdit } from '#layers/toml/edit-value.ts'
import { editToml } from '#layers/toml/edit.ts'
import { readToml } from '#layers/toml/read.ts'
import { isTable, sameValue, valueAt, type TomlTable } from '#layers/value.ts'
import { anyValue } from '#test/layers/any-config.ts'

import { anyDocument, anyPath, type OwnedText } from './documents.ts'

const ORDERS = ['as-given', 'sorted'] as const

function anyChange(): fc.Arbitrary<{ readonly seed: number; readonly edit: Omit<TomlEdit, 'path'> }> {
  return fc.record({
    seed: fc.noShrink(fc.integer({ min: 0 })),
    edit: fc.record({
      value: fc.option(anyValue()),
      mergeStrategy: fc.constantFrom('replace', 'upsert'),
    }),
  })
}

function pathsOf(table: TomlTable): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = []
  const visit = (table: TomlTable, prefix: readonly string[]): void => {
    for (const [key, value] of table) {
      const path = [...prefix, key]
      paths.push(path)
      if (isTable(value)) visit(value, path)
    }
  }
  visit(table, [])
  return paths
}

function isPrefix(one: readonly string[], other: readonly string[]): boolean {
  return one.length <= other.length && one.every((key, index) => key === other[index])
}

/** The key that an edit changes: the edited one, or what is in its way. */
function changedKey(table: TomlTable, path: readonly string[]): readonly string[] {
  const lengths = path.map((_key, index) => index + 1)
  const length = lengths.find((each) => !isTable(valueAt(table, path.slice(0, each))))
  return path.slice(0, length)
}

/** Whether an edit at a path has nothing to do with a text. */
function isElsewhere({ path, isOfHeader }: OwnedText, edited: readonly string[]): boolean {
  if (path.length === 0) return true
  if (isPrefix(edited, path)) return false
  return isOfHeader || !isPrefix(path, edited)
}

describe('editToml', () => {
  it('gives a text that means what the edits say, whatever the text and the edits', () => {
    fc.assert(
      fc.property(
        anyDocument(),
        fc.array(anyChange(), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...ORDERS),
        ({ text }, changes, newTableOrder) => {
          let table = readToml(text)
          const edits: TomlEdit[] = []
          for (const { seed, edit } of changes) {
            const next = { ...edit, path: anyPath(pathsOf(table), seed) }
            edits.push(next)
            table = editValue(table, next)
          }
          const edited = readToml(editToml(text, edits, { newTableOrder }))
          expect(sameValue(edited, table)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('leaves every comment and every line of other keys as they are', () => {
    fc.assert(
      fc.property(anyDocument(), anyChange(), (document, { seed, edit }) => {
        const { text, comments, lines } = document
        const table = readToml(text)
        const path = anyPath(pathsOf(table), seed)
        const after = editToml(text, [{ ...edit, path }], { newTableOrder: 'as-given' })
        const changed = changedKey(table, path)
        for (const comment of comments.filter((each) => isElsewhere(each, changed))) {
          expect(after.split(comment.text)).toHaveLength(2)
        }
        for (const line of lines.filter((each) => isElsewhere(each, changed))) {
          expect(`\n${after}\n`).toContain(`${line.text}\n`)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('gives the very same text when an edit changes nothing', () => {
    fc.assert(
      fc.property(anyDocument(), ({ text }) => {
        const table = readToml(text)
        const edits = pathsOf(table).flatMap((path): readonly TomlEdit[] => {
          const value = valueAt(table, path)
          if (value === undefined) return []
          return [
            { path, value, mergeStrategy: 'replace' },
            { path, value, mergeStrategy: 'upsert' },
            { path: [...path, 'not there'], value: null, mergeStrategy: 'replace' },
          ]
        })
        expect(editToml(text, edits, { newTableOrder: 'as-given' })).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  it('leaves an edited text alone when it is edited in the same way again', () => {
    fc.assert(
      fc.property(anyDocument(), anyChange(), ({ text }, { seed, edit }) => {
        const edits = [{ ...edit, path: anyPath(pathsOf(readToml(text)), seed) }]
        const once = editToml(text, edits, { newTableOrder: 'as-given' })
        expect(editToml(once, edits, { newTableOrder: 'as-given' })).toBe(once)
      }),
      { numRuns: 500 },
    )
  })
})
