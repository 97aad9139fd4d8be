import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { toJson } from '#layers/json/render.ts'
import { applyOverrides, parseOverride, sessionTable, type SessionFlags } from '#layers/overrides.ts'
import { rulesFor } from '#layers/precedence.ts'
import type { TomlValue } from '#layers/value.ts'

import { anyText } from './any-text.ts'
import { refusalOf } from './refusals.ts'

describe('an override', () => {
  // As codex 0.128.0 and 0.169.0 have it.
  it.each([
    ['x= \ty\t', { x: 'y' }],
    ['x=\u00A0y\u0085', { x: 'y' }],
    ['x=\uFEFF1', { x: '\uFEFF1' }],
    ['x=" q "', { x: ' q ' }],
    ['x=\n5', { x: 5 }],
    ['x=\n[t]\nq=1', { x: '[t]\nq=1' }],
    ['x=1\n[t]\nq=1', { x: 1 }],
    ['x=1\n_x_.a=2', { x: '1\n_x_.a=2' }],
    ['x=1 =2', { x: '1 =2' }],
    ['x="a\'', { x: 'a' }],
    ['x="\'"\'', { x: '' }],
    ['x="""\na"""', { x: 'a' }],
    ['_x_=3', { _x_: 3 }],
    [' use_legacy_landlock =true', { features: { use_legacy_landlock: true } }],
    ['use_legacy_landlock.a=1', { use_legacy_landlock: { a: 1 } }],
    ['x. y=1', { x: { ' y': 1 } }],
  ])('%j puts its value where the CLI does', (text, expected) => {
    expect(plain(applyOverrides([text]))).toEqual(expected)
  })

  it.each([
    ['x', 'no equals sign'],
    ['', 'no equals sign'],
    ['=1', 'got none'],
    [' \u00A0 =1', 'got none'],
  ])('%j is refused: %s', (text, reason) => {
    const error = refusalOf(() => parseOverride(text))
    expect({ code: error?.code, says: error?.message.includes(reason) }).toEqual({
      code: 'overrideInvalid',
      says: true,
    })
  })

  it('that is refused does not show its value', () => {
    expect(refusalOf(() => applyOverrides(['=sk-secret']))?.message).not.toContain('sk-secret')
  })

  it('replaces what stands in the way of its path, and leaves the value of an earlier one alone', () => {
    const overrides = ['x={a={b=1}}', 'x.a.c=2', 'y=[1,2]', 'y.0=5', 'z=1', 'z.a=2']
    expect(plain(applyOverrides(overrides))).toEqual({
      x: { a: { b: 1, c: 2 } },
      y: { 0: 5 },
      z: { a: 2 },
    })
  })

  it('keeps keys apart that objects confuse', () => {
    const table = applyOverrides(['__proto__.polluted=true', 'constructor.x=1'])
    expect(table).toEqual(
      new Map<string, TomlValue>([
        ['__proto__', new Map([['polluted', true]])],
        ['constructor', new Map([['x', 1n]])],
      ]),
    )
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  it('of any text is applied or refused as an override, and as nothing else', () => {
    fc.assert(
      fc.property(fc.array(anyText()), (texts) => {
        expect([undefined, 'overrideInvalid']).toContain(refusalOf(() => applyOverrides(texts))?.code)
      }),
    )
  })

  it('is one of ten thousand on one table and none of them is slow', () => {
    const texts = Array.from({ length: 10_000 }, (_, index) => `x.y.k${String(index)}=1`)
    expect(plain(applyOverrides(texts))).toMatchObject({ x: { y: { k0: 1, k9999: 1 } } })
  })
})

describe('the flags of a command line', () => {
  const old = rulesFor('codex', '0.128.0')
  const today = rulesFor('codex', '0.169.0')

  // As observed with `codex <rootFlags> app-server <flags>`.
  it.each<[string, SessionFlags, { old: unknown; today: unknown }]>([
    ['no flags', { rootFlags: [], flags: [] }, { old: null, today: null }],
    [
      'overrides before the subcommand alone',
      { rootFlags: [{ override: 'x=1' }], flags: [] },
      { old: { x: 1 }, today: { x: 1 } },
    ],
    [
      'overrides on both sides',
      { rootFlags: [{ override: 'x=1' }, { override: 'z=1' }], flags: [{ override: 'x=2' }] },
      { old: { x: 2 }, today: { x: 2, z: 1 } },
    ],
    [
      'an override before and a switch behind',
      { rootFlags: [{ override: 'x=1' }], flags: [{ enable: 'f' }] },
      { old: { x: 1, features: { f: true } }, today: { x: 1, features: { f: true } } },
    ],
    [
      'a switch and an override before, an override behind',
      { rootFlags: [{ enable: 'f' }, { override: 'x=1' }], flags: [{ override: 'y=2' }] },
      { old: { y: 2, features: { f: true } }, today: { x: 1, y: 2, features: { f: true } } },
    ],
    [
      'a switch before an override of the same feature',
      { rootFlags: [], flags: [{ enable: 'f' }, { override: 'features.f=false' }] },
      { old: { features: { f: true } }, today: { features: { f: true } } },
    ],
    [
      'a feature disabled first and enabled then',
      { rootFlags: [{ disable: 'f' }], flags: [{ enable: 'f' }] },
      { old: { features: { f: false } }, today: { features: { f: false } } },
    ],
    [
      'a switch over a value that is no table',
      { rootFlags: [], flags: [{ override: 'features=5' }, { enable: 'f' }] },
      { old: { features: { f: true } }, today: { features: { f: true } } },
    ],
  ])('%s make the table that each release makes', (_what, flags, expected) => {
    expect({
      old: plain(sessionTable(flags, old)),
      today: plain(sessionTable(flags, today)),
    }).toEqual(expected)
  })
})

/** A table as objects, for tables without the keys that objects confuse. */
function plain(table: ReturnType<typeof sessionTable>): unknown {
  return table === null ? null : JSON.parse(JSON.stringify(toJson(table)))
}
