import { describe, expect, it } from 'vitest'

import { boundViolations } from '#crds/bounds.ts'
import type { Schema } from '#crds/definition.ts'
import { compileShape } from '#crds/shape.ts'

describe('compileShape', () => {
  it.each<readonly [Schema, unknown, string]>([
    [{ type: 'string' }, 5, 'is required and must be a string'],
    [{ type: 'object' }, [], 'is required and must be an object'],
    [{ type: 'array', items: { type: 'string' } }, {}, 'is required and must be a list'],
    [{ type: 'integer' }, 1.5, 'is required and must be an integer'],
    [{ type: 'boolean' }, 'true', 'is required and must be a boolean'],
    [{ type: 'string', enum: ['red', 'blue'] }, 'pink', 'must be red or blue'],
    [{ type: 'string', enum: ['red'] }, 'pink', 'must be red'],
    [{ type: 'string', minLength: 2 }, 'x', 'must have at least 2 characters'],
    [{ type: 'string', pattern: '^a$' }, 'b', 'must match /^a$/'],
    [{ type: 'string', format: 'date-time' }, 'now', 'must be a date and time such as 2026-11-21T10:00:00Z'],
    [{ type: 'integer', minimum: 1 }, 0, 'must be at least 1'],
    [{ type: 'integer', maximum: 1 }, 2, 'must be at most 1'],
    [{ type: 'array', items: { type: 'string' }, minItems: 1 }, [], 'must have at least 1 items'],
    [{ type: 'object', minProperties: 1 }, {}, 'must have at least 1 entries'],
  ])('of %j says to %j: %s', (schema, value, message) => {
    expect(compileShape(schema)(value)).toEqual([{ path: '', message }])
  })

  it('names the path through objects and lists', () => {
    const rows: Schema = {
      type: 'array',
      items: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
    }
    const check = compileShape({ type: 'object', properties: { rows } })
    expect(check({ rows: [{ a: 'x' }, {}] })).toEqual([
      { path: 'rows[1].a', message: 'is required and must be a string' },
    ])
  })

  it('leaves the length of texts to the bounds', () => {
    expect(compileShape({ type: 'string', maxLength: 1 })('xx')).toEqual([])
  })
})

describe('boundViolations', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      text: { type: 'string', maxLength: 3 },
      list: { type: 'array', maxItems: 2, items: { type: 'string', maxLength: 1 } },
      set: { type: 'array', maxItems: 9, 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
      map: { type: 'object', maxProperties: 1, additionalProperties: { type: 'string', maxLength: 1 } },
    },
  }

  it.each([
    [{ text: '😀😀😀' }, []],
    [{ text: '😀😀😀😀' }, [{ path: 'text', message: 'must have at most 3 characters' }]],
    [{ list: ['a', 'b', 'c'] }, [{ path: 'list', message: 'must have at most 2 items' }]],
    [{ list: ['a', 'bb'] }, [{ path: 'list[1]', message: 'must have at most 1 characters' }]],
    [{ map: { a: 'a', b: 'b' } }, [{ path: 'map', message: 'must have at most 1 entries' }]],
    [{ map: { a: 'aa' } }, [{ path: 'map.a', message: 'must have at most 1 characters' }]],
    [
      { set: ['a', 'b', 'a'] },
      [{ path: 'set[2]', message: 'must be the only one with its value; remove one' }],
    ],
    [{ text: 5, list: {}, map: [], set: null, other: 'xxxx' }, []],
  ])('says to %j: %j', (value, violations) => {
    expect(boundViolations(value, schema)).toEqual(violations)
  })

  it('tells the entries of a keyed list apart by all keys', () => {
    const rows: Schema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['a', 'b'],
      items: { type: 'object' },
    }
    const row = { a: '1', b: '2' }
    expect(boundViolations([row, { a: '12', b: '' }, { a: '1', b: '3' }], rows)).toEqual([])
    expect(boundViolations([row, { ...row, c: '3' }], rows)).toEqual([
      { path: '[1]', message: 'must be the only one with its a and b; remove one' },
    ])
  })
})
