import { describe, expect, it } from 'vitest'

import type { Schema, SchemaRule } from '#crds/definition.ts'
import { compileRules } from '#crds/rules.ts'

describe('compileRules', () => {
  it('runs a rule only where its field is present', () => {
    const check = compileRules(object({ name: text({ rule: "self != 'x'", message: 'not x' }) }))
    expect(check({})).toEqual([])
    expect(check({ name: 'x' })).toEqual([{ path: 'name', message: 'not x' }])
  })

  it('runs a rule about a change only where the field was there before', () => {
    const check = compileRules(object({ name: text({ rule: 'self == oldSelf', message: 'fixed' }) }))
    expect(check({ name: 'b' })).toEqual([])
    expect(check({ name: 'b' }, {})).toEqual([])
    expect(check({}, { name: 'a' })).toEqual([])
    expect(check({ name: 'a' }, { name: 'a' })).toEqual([])
    expect(check({ name: 'b' }, { name: 'a' })).toEqual([{ path: 'name', message: 'fixed' }])
  })

  it('follows the entries of a keyed list, wherever they move', () => {
    const rows: Schema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: object({ id: text(), at: text({ rule: 'self == oldSelf', message: 'fixed' }) }),
    }
    const check = compileRules(object({ rows }))
    const old = {
      rows: [
        { id: 'a', at: '1' },
        { id: 'b', at: '2' },
      ],
    }
    expect(
      check(
        {
          rows: [
            { id: 'b', at: '2' },
            { id: 'c', at: '9' },
            { id: 'a', at: '1' },
          ],
        },
        old,
      ),
    ).toEqual([])
    expect(check({ rows: [{ id: 'b', at: '1' }] }, old)).toEqual([{ path: 'rows[0].at', message: 'fixed' }])
  })

  it('gives the entries of other lists no past', () => {
    const rows: Schema = { type: 'array', items: text({ rule: 'self == oldSelf', message: 'fixed' }) }
    expect(compileRules(object({ rows }))({ rows: ['b'] }, { rows: ['a'] })).toEqual([])
  })

  it('reports where the rule says', () => {
    const rule = { rule: 'self.a == self.b', message: 'be equal', fieldPath: '.b' }
    const check = compileRules(object({ pair: object({ a: text(), b: text() }, rule) }))
    expect(check({ pair: { a: 'x', b: 'y' } })).toEqual([{ path: 'pair.b', message: 'be equal' }])
  })

  it('computes with exact integers', () => {
    const count: Schema = {
      type: 'integer',
      'x-kubernetes-validations': [{ rule: 'self % 2 == 0', message: 'even' }],
    }
    const check = compileRules(object({ count }))
    expect(check({ count: 9007199254740990 })).toEqual([])
    expect(check({ count: 3 })).toEqual([{ path: 'count', message: 'even' }])
  })

  it('sees the keys of a map, those that every object answers to included', () => {
    const map: Schema = {
      type: 'object',
      additionalProperties: text(),
      'x-kubernetes-validations': [{ rule: "self.all(key, key.matches('^[a-z]+$'))", message: 'letters' }],
    }
    const check = compileRules(object({ map }))
    expect(check({ map: { a: 'x', constructor: 'y' } })).toEqual([])
    expect(check({ map: JSON.parse('{"__proto__":"x"}') })).toEqual([{ path: 'map', message: 'letters' }])
  })

  it('does not see fields that the schema does not name', () => {
    const rule = { rule: '!has(self.extra)', message: 'hidden' }
    const open = { ...object({ a: text() }, rule), 'x-kubernetes-preserve-unknown-fields': true }
    expect(compileRules(object({ open }))({ open: { a: 'x', extra: 1 } })).toEqual([])
  })

  it('refuses a rule that is not CEL when it compiles', () => {
    expect(() => compileRules(text({ rule: 'self ==', message: 'x' }))).toThrow(/unexpected token/i)
  })

  it('has nothing to say where there is no rule', () => {
    expect(compileRules(object({ a: text() }))({ a: 'x' }, { a: 'y' })).toEqual([])
  })
})

function text(rule?: SchemaRule): Schema {
  return { type: 'string', ...(rule && { 'x-kubernetes-validations': [rule] }) }
}

function object(properties: Readonly<Record<string, Schema>>, rule?: SchemaRule): Schema {
  return { type: 'object', properties, ...(rule && { 'x-kubernetes-validations': [rule] }) }
}
