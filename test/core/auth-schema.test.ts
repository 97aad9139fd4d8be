import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { findMisfit } from '#core/auth-schema.ts'
import type { JsonObject } from '#core/json.ts'
import { refusalOf } from '#test/support/refusal.ts'

type Schema = Readonly<Record<string, unknown>>

function misfit(schema: Schema, text: string): string | null {
  const value: JsonObject = JSON.parse(text)
  return findMisfit(value, schema)
}

const tokens: Schema = {
  type: 'object',
  required: ['tokens'],
  properties: {
    tokens: {
      type: 'object',
      required: ['id_token'],
      properties: {
        id_token: { type: 'string', pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$', maxLength: 20 },
        account_id: { type: 'string', nullable: true },
        scopes: { type: 'array', maxItems: 2, items: { type: 'string', enum: ['a', 'b'] } },
        'a/b~c': { type: 'boolean' },
      },
      additionalProperties: false,
    },
    last_refresh: { type: 'string', format: 'date-time' },
    level: { type: 'integer', minimum: 1, maximum: 9 },
  },
}

describe("a document and its runtime's schema", () => {
  it.each([
    '{"tokens":{"id_token":"a.b.c"}}',
    '{"tokens":{"id_token":"a.b.c","account_id":null,"scopes":["a","b"]},"level":9,"other":{"x":1}}',
    '{"tokens":{"id_token":"a.b.c"},"last_refresh":"2026-11-21T10:00:00.123456789Z"}',
  ])('fit: %s', (text) => {
    expect(misfit(tokens, text)).toBeNull()
  })

  it.each([
    ['{}', '/tokens: expected object, received undefined'],
    ['{"tokens":"CANARY"}', '/tokens: expected object, received string'],
    ['{"tokens":{}}', '/tokens/id_token: expected string, received undefined'],
    ['{"tokens":{"id_token":["CANARY"]}}', '/tokens/id_token: expected string, received array'],
    [
      '{"tokens":{"id_token":"CANARY"}}',
      '/tokens/id_token: must match pattern /^[\\w-]+\\.[\\w-]+\\.[\\w-]+$/',
    ],
    ['{"tokens":{"id_token":"CANARY.CANARY.CANARY"}}', null],
    [
      '{"tokens":{"id_token":"CANARY.CANARY.CANARYS"}}',
      '/tokens/id_token: expected string to have <=20 characters',
    ],
    ['{"tokens":{"id_token":"a.b.c","scopes":["a","CANARY"]}}', '/tokens/scopes/1: expected one of "a"|"b"'],
    [
      '{"tokens":{"id_token":"a.b.c","scopes":["a","a","a"]}}',
      '/tokens/scopes: expected array to have <=2 items',
    ],
    ['{"tokens":{"id_token":"a.b.c","CANARY":1}}', '/tokens: there is a key that is not allowed'],
    ['{"tokens":{"id_token":"a.b.c","a/b~c":1}}', '/tokens/a~1b~0c: expected boolean, received number'],
    ['{"tokens":{"id_token":"a.b.c"},"last_refresh":"CANARY"}', '/last_refresh: Invalid ISO datetime'],
    ['{"tokens":{"id_token":"a.b.c"},"level":10}', '/level: expected number to be <=9'],
    ['{"tokens":{"id_token":"a.b.c"},"level":1.5}', '/level: expected int, received number'],
  ])('are compared by place, never by value: %s', (text, expected) => {
    const found = misfit(tokens, text)
    expect(found).toBe(
      expected === null ? null : `auth_json does not fit its runtime's schema at ${expected}`,
    )
    expect(found ?? '').not.toContain('CANARY')
  })

  it('never repeat a key that the schema does not name', () => {
    const schema = {
      type: 'object',
      additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
    }
    expect(misfit(schema, '{"sk-CANARY":{"also-CANARY":5}}')).toBe(
      "auth_json does not fit its runtime's schema at /*/*: expected string, received number",
    )
  })

  it.each([
    [{ required: ['b'] }, '{"a":1}', '/b: expected nonoptional, received undefined'],
    [{ minProperties: 2 }, '{"a":1}', 'the top level: expected object to have >=2 properties'],
    [{ additionalProperties: false }, '{"a":1}', 'the top level: there is a key that is not allowed'],
    [
      { anyOf: [{ required: ['x'] }, { required: ['y'] }] },
      '{"a":1}',
      'the top level: expected exactly one of the allowed forms',
    ],
    [
      { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      '{"a":1,"b":2}',
      'the top level: expected exactly one of the allowed forms',
    ],
    [
      { allOf: [{ required: ['a'] }, { required: ['b'] }] },
      '{"a":1}',
      '/b: expected nonoptional, received undefined',
    ],
  ])('are compared without a type being named too: %j', (schema, text, expected) => {
    expect(misfit(schema, text)).toBe(`auth_json does not fit its runtime's schema at ${expected}`)
  })

  it('are compared as an object that owns a __proto__ too', () => {
    expect(misfit({ type: 'object', required: ['a'] }, '{"__proto__":{"a":1}}')).toContain('at /a: ')
  })

  it.each([
    ['in one list', (count: number) => `{"a":[${Array.from({ length: count }, () => 1).join()}]}`],
    ['in many lists', (count: number) => `{"a":[${Array.from({ length: count / 2 }, () => '[1]').join()}]}`],
  ])('are not compared when the document has too many values: %s', (_what, text) => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } }
    expect(misfit(schema, text(9_998))).toContain('at /a/0: expected string')
    expect(misfit(schema, text(10_000))).toBe('auth_json has too many values to be checked')
    expect(misfit(schema, text(250_000))).toBe('auth_json has too many values to be checked')
  })

  it('never give anything but a place, whatever the document', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (document) => {
        const text = JSON.stringify({ ...document, tokens: { id_token: 'CANARY', ...document } })
        expect(misfit(tokens, text) ?? '').not.toContain('CANARY')
      }),
    )
  })
})

describe('a schema that cannot be used', () => {
  it.each([
    ['refers to itself', { $ref: '#' }, 'the keyword "$ref" cannot be used, or not like this'],
    [
      'matches keys by pattern',
      { type: 'object', patternProperties: { '(a+)+$': {} } },
      'the keyword "patternProperties" cannot be used, or not like this',
    ],
    ['has a list of items', { items: [{}] }, 'an object was expected where a schema is'],
    [
      'has properties that are none',
      { properties: 5 },
      'the keyword "properties" cannot be used, or not like this',
    ],
    ['has alternatives that are none', { anyOf: {} }, 'the keyword "anyOf" cannot be used, or not like this'],
    ['has a number for a schema', { properties: { a: 5 } }, 'an object was expected where a schema is'],
    ['has an unknown type', { type: 'teapot' }, 'it is not a valid OpenAPI 3.0 schema'],
    [
      'has a pattern that backtracks',
      { properties: { a: { type: 'string', pattern: '^(a+)+$' } } },
      'a pattern must begin with ^ and must not need backtracking',
    ],
    [
      'has a pattern that is no text',
      { pattern: 5 },
      'a pattern must begin with ^ and must not need backtracking',
    ],
    [
      'has many parts',
      { properties: Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, {}])) },
      'it is too large',
    ],
    ['nests deep', nested(20), 'it is too large'],
    ['nests absurdly', nested(4000), 'it is too large'],
  ])('is named as the cause, to be mended by an administrator: it %s', (_what, schema, why) => {
    expect(refusalOf(() => misfit(schema, '{}'))).toEqual({
      code: 'AUTH_SCHEMA',
      message: `the schema of this runtime cannot be used: ${why}; ask an administrator to mend it`,
    })
  })

  it('includes one that makes more findings than the validator can hold', () => {
    const list = { properties: { a: { type: 'array', items: { type: 'string' } } } }
    const schema = { properties: { b: { allOf: Array.from({ length: 60 }, () => list) } } }
    const document = JSON.stringify({ b: { a: Array.from({ length: 9_000 }, () => 1) } })
    expect(refusalOf(() => misfit(schema, document))).toEqual({
      code: 'AUTH_SCHEMA',
      message:
        'the schema of this runtime cannot be used: it cannot be applied to this document; ask an administrator to mend it',
    })
  })

  it('does not include one with annotations only', () => {
    const annotated = {
      title: 'x',
      description: 'x',
      default: 5,
      example: 5,
      'x-kubernetes-anything': true,
      $id: 'x',
    }
    expect(misfit({ type: 'object', ...annotated, properties: { a: annotated } }, '{"a":1}')).toBeNull()
  })
})

function nested(depth: number): Schema {
  let schema: Schema = { type: 'object' }
  for (let level = 0; level < depth; level += 1) schema = { type: 'object', properties: { a: schema } }
  return schema
}
