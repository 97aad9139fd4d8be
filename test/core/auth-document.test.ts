import { createHash } from 'node:crypto'
import { inspect } from 'node:util'

import { describe, expect, it } from 'vitest'

import { parseAuthDocument } from '#core/auth-document.ts'
import { refusalOf } from '#test/support/refusal.ts'

const validation = { maxBytes: 524_288 }

const TOO_LARGE = { code: 'AUTH_TOO_LARGE', message: 'auth_json is too large' }
const NOT_JSON = { code: 'AUTH_NOT_JSON', message: 'auth_json must be valid JSON' }
const NOT_OBJECT = { code: 'AUTH_NOT_OBJECT', message: 'auth_json must be a JSON object' }
const MISFIT = {
  code: 'AUTH_SCHEMA',
  message: "auth_json does not fit its runtime's schema at /token: expected string, received number",
}

function parsed(text: string): { normalForm: string; sha256: string; value: unknown } {
  const { normalForm, sha256, value } = parseAuthDocument(text, validation)
  return { normalForm: normalForm.open(), sha256, value: value.open() }
}

describe('an auth document', () => {
  it.each([
    ['{}', '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'],
    [
      '{"token":"secret","account":{"id":"user-1"}}',
      '1125872ac3d071641363541773dd94049e80affcb706d02339ccaeaa19e4d97d',
    ],
    ['{"token":"from-device"}', 'b7f16f700916b157352b61f990219ac4bcb6521ca04cabdb8d4776355e845f63'],
    ['{"name":"中文","emoji":"😀"}', '25dbf932b3bceb4bc328cf21ba891605a207d3aed87f499d261a3298ce58f003'],
    ['{"token":"v2"}', '5d74ce1b86d7740a92de89a8af25e90c54b24fdb554e846a1b6c5f56625e2580'],
  ])('has the digest of the contract for %s', (text, sha256) => {
    expect(parsed(text).sha256).toBe(sha256)
  })

  it('is its normal form, the digest of that, and the value', () => {
    const normalForm = '{\n  "account": {\n    "id": "user-1"\n  },\n  "token": "secret"\n}'
    expect(parsed('{"token":"secret","account":{"id":"user-1"}}')).toEqual({
      normalForm,
      sha256: createHash('sha256').update(normalForm).digest('hex'),
      value: { token: 'secret', account: { id: 'user-1' } },
    })
  })

  it('has one digest for every order of keys and every white space', () => {
    const digests = ['{"a":1,"b":[2]}', '{ "b" : [ 2 ], "a" : 1 }\n', '{\r\n\t"a":1,"b":[2]}'].map(
      (text) => parsed(text).sha256,
    )
    expect(new Set(digests).size).toBe(1)
  })

  it('keeps exact numbers for the device', () => {
    expect(parsed('{"n":1.0,"big":12345678901234567890123}').normalForm).toBe(
      '{\n  "big": 12345678901234567890123,\n  "n": 1.0\n}',
    )
  })

  it('keeps keys that are not ordinary in JavaScript, in order', () => {
    expect(parsed('{"9":1,"__proto__":2,"10":3}').normalForm).toBe(
      '{\n  "10": 3,\n  "9": 1,\n  "__proto__": 2\n}',
    )
  })

  it('prints nothing of itself', () => {
    const document = parseAuthDocument('{"token":"canary-91c"}', validation)
    expect(`${inspect(document, { depth: 9 })}${JSON.stringify(document)}`).not.toContain('canary-91c')
  })

  it('may have exactly as many bytes as its runtime allows', () => {
    const text = `{"a":"${'x'.repeat(524_280)}"}`
    expect(Buffer.byteLength(text)).toBe(524_288)
    expect(parsed(text).value).toEqual({ a: 'x'.repeat(524_280) })
  })
})

describe('what is no auth document', () => {
  const schema = { type: 'object', required: ['token'], properties: { token: { type: 'string' } } }

  it.each([
    ['one byte too many', `{"a":"${'x'.repeat(524_281)}"}`, TOO_LARGE],
    ['too many bytes of no JSON', '['.repeat(524_289), TOO_LARGE],
    ['too many bytes in few characters', '中'.repeat(174_763), TOO_LARGE],
    ['broken JSON', '{invalid', NOT_JSON],
    ['an empty text', '', NOT_JSON],
    ['a byte-order mark', '\ufeff{}', NOT_JSON],
    ['text behind the object', '{} {}', NOT_JSON],
    ['a lone surrogate', '{"a":"\\ud800"}', NOT_JSON],
    ['NaN', '{"a":NaN}', NOT_JSON],
    ['5000 digits', `{"a":${'1'.repeat(5000)}}`, NOT_JSON],
    ['absurd nesting', `{"a":${'['.repeat(200_000)}`, NOT_JSON],
    ['a list', '[1]', NOT_OBJECT],
    ['a string', '"x"', NOT_OBJECT],
    ['a number', '123', NOT_OBJECT],
    ['null', 'null', NOT_OBJECT],
    ['an object that does not fit the schema', '{"token":5}', MISFIT],
  ])('is refused: %s', (_what, text, refusal) => {
    expect(refusalOf(() => parseAuthDocument(text, { ...validation, schema }))).toEqual(refusal)
  })
})
