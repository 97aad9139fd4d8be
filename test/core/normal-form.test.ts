import { inspect, isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { isAppError } from '#core/errors.ts'
import { normalFormOf } from '#core/normal-form.ts'

// Written by Python 3.11: json.dumps(json.loads(text), indent=2, ensure_ascii=False, sort_keys=True)
import golden from './normal-form.python.json' with { type: 'json' }

const anyText = fc.string({ unit: 'binary' })
const anyDocument = fc.dictionary(
  fc.oneof(anyText, fc.constantFrom('__proto__', '10', '9', 'constructor', '\uff5e', '😀', 'a', 'a!')),
  fc.jsonValue({ stringUnit: 'binary' }),
  { noNullPrototype: true },
)

describe('the normal form of an auth document', () => {
  it.each(golden)('is what Python writes for $name', ({ text, normalForm }) => {
    expect(normalFormOf(text)).toBe(normalForm)
  })

  it.each([
    '1.0',
    '-0',
    '-0.0',
    '1e5',
    '1E+5',
    '1.50',
    '12345678901234567890123',
    '0.1000000000000000055511',
  ])('keeps the number %s as it was written', (number) => {
    expect(normalFormOf(`{"n":[${number}],"big":${number}}`)).toBe(
      `{\n  "big": ${number},\n  "n": [\n    ${number}\n  ]\n}`,
    )
  })

  it('is the same for a text with other white space and other order of keys', () => {
    const one = normalFormOf('{"token":"secret","account":{"id":"user-1","b":1}}')
    expect(normalFormOf('\n{ "account" : {"b":1, "id":"user-1"},\r\n\t"token":"secret" }')).toBe(one)
  })

  it('has keys in the order of their code points at every level, whatever the document', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        expect(normalFormOf(JSON.stringify(document))).toBe(simpleNormalForm(document, ''))
      }),
    )
  })

  it('says the same as the document', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const text = JSON.stringify(document)
        expect(isDeepStrictEqual(JSON.parse(normalFormOf(text)), JSON.parse(text))).toBe(true)
      }),
    )
  })

  it('is its own normal form', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const normalForm = normalFormOf(JSON.stringify(document))
        expect(normalFormOf(normalForm)).toBe(normalForm)
      }),
    )
  })

  it('does not depend on the order in which keys were written', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const turned = Object.fromEntries(Object.entries(document).toReversed())
        expect(normalFormOf(JSON.stringify(turned, null, 7))).toBe(normalFormOf(JSON.stringify(document)))
      }),
    )
  })

  it('keeps every number to the last digit', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(digits, digits, (whole, fraction) => {
        const number = `-1${whole.join('')}.${fraction.join('')}e-7`
        expect(normalFormOf(`{"n":${number}}`)).toBe(`{\n  "n": ${number}\n}`)
      }),
    )
  })
})

describe('a text that has no normal form', () => {
  it.each([
    ['a list', '[1]'],
    ['a string', '"x"'],
    ['a number', '123'],
    ['null', 'null'],
    ['a literal', ' true '],
  ])('is refused as no object when it is %s', (_what, text) => {
    expect(codeOf(text)).toEqual({ code: 'AUTH_NOT_OBJECT', message: 'auth_json must be a JSON object' })
  })

  it('is refused as no JSON', () => {
    expect(codeOf('{invalid')).toEqual({ code: 'AUTH_NOT_JSON', message: 'auth_json must be valid JSON' })
  })

  it('is refused as too large by the bytes of its UTF-8, one more than the limit', () => {
    expect(normalFormOf('{"k":"中文"}', 14)).toBe('{\n  "k": "中文"\n}')
    expect(codeOf('{"k":"中文"}', 13)).toEqual({ code: 'AUTH_TOO_LARGE', message: 'auth_json is too large' })
  })

  it('is refused when indentation would make it many times larger', () => {
    const bomb = `{"a":${'['.repeat(500)}${'1,'.repeat(1000)}1${']'.repeat(500)}}`
    expect(codeOf(bomb, bomb.length)).toEqual({ code: 'AUTH_TOO_LARGE', message: 'auth_json is too large' })
  })

  it('is refused without a limit of the caller too, once no login is that large', () => {
    expect(codeOf(`{"a":"${'x'.repeat(16 * 1024 * 1024)}"}`).code).toBe('AUTH_TOO_LARGE')
  })

  it('always gets an error of the table that repeats nothing of it', () => {
    fc.assert(
      fc.property(fc.string(), (tail) => {
        const { code, message } = codeOf(`{"canary-8f2":1,${tail}`)
        expect(code).toMatch(/^(AUTH_NOT_JSON|accepted)$/)
        expect(message).not.toContain('canary-8f2')
      }),
    )
  })
})

interface Refusal {
  readonly code: string
  /** With that of the cause, which would show in a log. */
  readonly message: string
}

function codeOf(text: string, maxBytes?: number): Refusal {
  try {
    normalFormOf(text, maxBytes)
    return { code: 'accepted', message: '' }
  } catch (error) {
    if (!isAppError(error)) throw error
    return {
      code: error.code,
      message: error.message + (error.cause === undefined ? '' : inspect(error.cause)),
    }
  }
}

/** The same rule, written for reading instead of speed, for values without unusual numbers. */
function simpleNormalForm(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((item) => inner + simpleNormalForm(item, inner)).join(',\n')}\n${indent}]`
  }
  const keys = Object.keys(value).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  if (keys.length === 0) return '{}'
  const lines = keys.map(
    (key) =>
      `${inner}${JSON.stringify(key)}: ${simpleNormalForm((value as Record<string, unknown>)[key], inner)}`,
  )
  return `{\n${lines.join(',\n')}\n${indent}}`
}
