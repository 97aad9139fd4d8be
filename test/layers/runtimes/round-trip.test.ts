import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { all, either, integer, listOf, mapOf, STRINGS, table, words } from '#layers/runtimes/field.ts'
import { findFault } from '#layers/runtimes/fit.ts'
import { roundTrip } from '#layers/runtimes/round-trip.ts'
import { TomlDatetime, type TomlTable, type TomlValue } from '#layers/value.ts'

const SERVER = table(
  { ...all('command url', 'string'), args: STRINGS, timeout: 'seconds', log: 'path' },
  { oneOf: ['command', 'url'], excludes: [['command', 'url']], isClosed: true },
)
const ROOT = table({
  servers: mapOf(SERVER),
  level: words('low high', { low: 'high' }),
  count: integer(0n, 9n),
  choice: either('boolean', listOf('path'), table({ x: 'float' }, { required: ['x'] })),
  anything: 'any',
})

/** Values that the settings above hold, and some that they do not. */
function scalar(): fc.Arbitrary<TomlValue> {
  return fc.constantFrom<TomlValue>('low', 'a/../b', '', 3n, -1n, 1.5, true, new TomlDatetime('1979-05-27'))
}

function tableOf(keys: readonly string[], value: fc.Arbitrary<TomlValue>): fc.Arbitrary<TomlTable> {
  return fc
    .dictionary(fc.constantFrom(...keys), value, { maxKeys: 3 })
    .map((made) => new Map(Object.entries(made)))
}

function anyConfig(): fc.Arbitrary<TomlTable> {
  const list = fc.array(scalar(), { maxLength: 3 })
  const server = tableOf(['command', 'url', 'args', 'timeout', 'log', 'other'], fc.oneof(scalar(), list))
  const choice = fc.oneof(scalar(), list, tableOf(['x', 'y'], scalar()))
  const value = fc.oneof(scalar(), choice, server, tableOf(['a', 'b'], server))
  return tableOf(['servers', 'level', 'count', 'choice', 'anything', 'unknown'], value)
}

describe('the typed round trip', () => {
  it('leaves a layer alone exactly when something in it does not fit, and what it makes of another fits', () => {
    let fitting = 0
    fc.assert(
      fc.property(anyConfig(), (config) => {
        const after = roundTrip(config, ROOT, { base: '/layer', home: null })
        const fits = findFault(config, ROOT) === null
        fitting += Number(fits)
        expect(findFault(after, ROOT) === null).toBe(fits)
        expect(roundTrip(after, ROOT, { base: '/elsewhere', home: null })).toBe(after)
        expect(fits || after === config).toBe(true)
      }),
      { numRuns: 3000 },
    )
    expect(fitting).toBeGreaterThan(300)
  })

  it.each<[string, TomlTable, TomlTable]>([
    [
      'every item of a list',
      new Map([['choice', ['a', '/b', './c']]]),
      new Map([['choice', ['/layer/a', '/b', '/layer/c']]]),
    ],
    [
      'the first alternative that fits',
      new Map([['choice', new Map([['x', 1n]])]]),
      new Map([['choice', new Map([['x', 1]])]]),
    ],
    ['a word', new Map([['level', 'low']]), new Map([['level', 'high']])],
  ])('rewrites %s', (_what, config, expected) => {
    expect(roundTrip(config, ROOT, { base: '/layer', home: null })).toEqual(expected)
  })

  it('leaves everything alone for the sake of one item that does not fit', () => {
    const config = new Map<string, TomlValue>([
      ['level', 'low'],
      [
        'servers',
        new Map([
          [
            'a',
            new Map<string, TomlValue>([
              ['command', 'c'],
              ['args', ['x', 1n]],
            ]),
          ],
        ]),
      ],
    ])
    expect(roundTrip(config, ROOT, { base: '/layer', home: null })).toBe(config)
  })
})
