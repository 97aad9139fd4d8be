import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { readJson } from '#layers/json/read.ts'
import { toJson } from '#layers/json/render.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { TomlDatetime, type TomlValue } from '#layers/value.ts'
import { anyTable } from '#test/layers/any-config.ts'
import { refusalOf } from '#test/layers/refusals.ts'

const DATE = '$__toml_private_datetime'

describe('a JSON value as a setting', () => {
  it.each<[string, TomlValue]>([
    ['1', 1n],
    ['1.0', 1],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808', -(2n ** 63n)],
    ['"1979-05-27"', '1979-05-27'],
    [`{"${DATE}":"1979-05-27 07:32z"}`, new TomlDatetime('1979-05-27T07:32:00Z')],
    [`[{"${DATE}":"07:32"}]`, [new TomlDatetime('07:32:00')]],
    ['{"__proto__":[true,{}]}', new Map([['__proto__', [true, new Map()]]])],
  ])('%s keeps its kind', (text, expected) => {
    expect(toTomlValue(readJson(text))).toEqual(expected)
  })

  it.each([
    ['null', 'expected a value, got null'],
    ['{"a":[1,{"b.c":null}]}', 'expected a value, got null at a.1."b.c"'],
    ['9223372036854775808', 'expected an integer that 64 bits can hold, got one beyond'],
    ['[-9223372036854775809]', 'expected an integer that 64 bits can hold, got one beyond at 0'],
    [`{"a":{"${DATE}":"2024-02-30"}}`, 'expected a date or a time, got something else at a'],
    [`{"${DATE}":5}`, 'expected a date or a time, got something else'],
    [`{"a":1,"${DATE}":"1979-05-27"}`, 'expected a date without other keys, got a table'],
  ])('%s is refused with its path and without its value', (text, message) => {
    expect(refusalOf(() => toTomlValue(readJson(text)))).toEqual({ code: 'configValidationError', message })
  })
})

describe('a setting as JSON', () => {
  it.each<[TomlValue, string]>([
    [9_007_199_254_740_993n, '9007199254740993'],
    [1, '1.0'],
    [1e21, '1e+21'],
    [-0, '-0.0'],
    [Number.NaN, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
    [new TomlDatetime('1979-05-27'), '"1979-05-27"'],
    [['é\n', false], '["é\\n",false]'],
    [new Map([['__proto__', new Map([['x', 1n]])]]), '{"__proto__":{"x":1}}'],
  ])('%s prints as %s', (value, expected) => {
    expect(JSON.stringify(toJson(value))).toBe(expected)
  })

  it('reads back as the same setting, apart from dates and from numbers that JSON has not', () => {
    fc.assert(
      fc.property(anyTable(), (table) => {
        fc.pre(!canonicalJson(table).includes(DATE))
        const text = JSON.stringify(toJson(table))
        expect(canonicalJson(toTomlValue(readJson(text)))).toBe(canonicalJson(table))
      }),
    )
  })
})
