import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ObjectMeta } from '#crds/object.ts'
import { parseFieldSelector } from '#store/field-selector.ts'
import { parseLabelSelector } from '#store/label-selector.ts'
import { compileSelection } from '#store/selectors.ts'
import { refusalOf } from '#test/support/refusal.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

const key = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/)
const value = fc.oneof(fc.constant(''), fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?$/))
const labels = fc.dictionary(key, value, { maxKeys: 5 })

describe('label selectors', () => {
  it.each([
    ['', {}, true],
    ['  ', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['! a', {}, true],
    ['in', { in: 'x' }, true],
    ['notin in (in,notin)', { notin: 'in' }, true],
    ['a in(x)', { a: 'x' }, true],
    ['a in (,)', { a: '' }, true],
    ['a in (,x)', { a: 'x' }, true],
    ['a notin ()', {}, null],
    ['a>10', { a: '11' }, true],
    ['a>10', { a: '9' }, false],
    ['a<10', {}, false],
    ['a>1', { a: 'many' }, false],
    ['a>-1', { a: '0' }, null],
    ['a>9223372036854775807', { a: '1' }, false],
    ['a>9223372036854775808', { a: '1' }, null],
    ['a>x', { a: '1' }, null],
    ['a=>1', {}, null],
    ['example.com/a=x', { 'example.com/a': 'x' }, true],
    ['Example.com/a=x', {}, null],
    ['a\t=\nx', { a: 'x' }, true],
    ['__proto__', {}, null],
    ['constructor', {}, false],
    ['!toString', {}, true],
    ['a,,b', {}, null],
    [',a', {}, null],
    ['a=x b=y', {}, null],
    ['(a)', {}, null],
    ['!!a', {}, null],
    ['!a=x', {}, null],
    [`a=${'x'.repeat(64)}`, {}, null],
  ] as const)('read "%s" as Kubernetes does', (text, of, expected) => {
    const outcome =
      expected === null ? refusalOf(() => parseLabelSelector(text)).code : parseLabelSelector(text)(of)
    expect(outcome).toBe(expected ?? 'REQUEST_MALFORMED')
  })

  it('agree with what they say, whatever the labels', () => {
    fc.assert(
      fc.property(labels, key, fc.tuple(value, value), (of, name, [one, other]) => {
        const isOne = of[name] === one
        expect(parseLabelSelector(`${name}=${one}`)(of)).toBe(isOne)
        expect(parseLabelSelector(`${name}!=${one}`)(of)).toBe(!isOne)
        expect(parseLabelSelector(name)(of)).toBe(name in of)
        expect(parseLabelSelector(`!${name}`)(of)).toBe(!(name in of))
        const isEither = isOne || of[name] === other
        expect(parseLabelSelector(`${name} in (${one},${other})`)(of)).toBe(isEither)
        expect(parseLabelSelector(`${name} notin (${one},${other})`)(of)).toBe(!isEither)
      }),
    )
  })

  it('select what every one of their parts selects', () => {
    const part = fc.tuple(key, fc.constantFrom('=', '!=', '=='), value).map((parts) => parts.join(''))
    fc.assert(
      fc.property(labels, fc.array(part, { minLength: 1, maxLength: 4 }), (of, parts) => {
        const all = parts.every((text) => parseLabelSelector(text)(of))
        expect(parseLabelSelector(parts.join(','))(of)).toBe(all)
      }),
    )
  })

  it('give an answer or a refusal to any text, at once', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom('a', ' ', ',', '!', '=', '(', ')', 'in', '<'), maxLength: 60 }),
    )
    fc.assert(
      fc.property(text, (selector) => {
        const outcome = outcomeOf(() => parseLabelSelector(selector)({ a: 'a' }))
        expect(['true', 'false', 'REQUEST_MALFORMED']).toContain(outcome)
      }),
    )
    const long = 'a,'.repeat(100_000)
    expect(outcomeOf(() => parseLabelSelector(long)({}))).toBe('REQUEST_MALFORMED')
  })

  it('are shortened in refusals', () => {
    expect(refusalOf(() => parseLabelSelector('a b'.repeat(1000))).message.length).toBeLessThan(400)
  })
})

describe('field selectors', () => {
  const device = aStoredDevice({ name: 'mac-1' }, { displayName: 'a=b,c\\d', suspend: true })
  const fields = ['spec.displayName', 'spec.suspend', 'status.gateway', 'spec']

  it.each([
    ['', true],
    [',,', true],
    ['metadata.name=mac-1', true],
    ['metadata.name==mac-1', true],
    ['metadata.name!=mac-1', false],
    ['spec.suspend=true', true],
    ['spec.suspend=1', false],
    ['status.gateway=', true],
    ['status.gateway!=', false],
    ['spec=', true],
    ['spec.displayName=a\\=b\\,c\\\\d', true],
    ['spec.displayName=a\\=b', false],
    ['metadata.name=mac-1,spec.suspend=true', true],
    ['metadata.name=mac-1,spec.suspend=false', false],
    ['spec.displayName=a=b', null],
    ['spec.displayName=a\\b', null],
    ['spec.displayName=a\\', null],
    ['spec.displayName', null],
    ['=x', null],
    ['!=x', null],
    ['metadata.labels=x', null],
    ['constructor=x', null],
  ] as const)('read "%s" as Kubernetes does', (text, expected) => {
    const outcome =
      expected === null
        ? refusalOf(() => parseFieldSelector(text, fields)).code
        : parseFieldSelector(text, fields)(device)
    expect(outcome).toBe(expected ?? 'REQUEST_MALFORMED')
  })

  it('find any value that is escaped', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (wanted, other) => {
        const text = `spec.displayName=${wanted.replaceAll(/[\\,=]/g, String.raw`\$&`)}`
        const matches = parseFieldSelector(text, fields)
        expect(matches({ spec: { displayName: wanted } })).toBe(true)
        expect(matches({ spec: { displayName: other } })).toBe(wanted === other)
      }),
    )
  })

  it('give an answer or a refusal to any text', () => {
    const text = fc.string({
      unit: fc.constantFrom('metadata.name', '=', '!', ',', '\\', 'x'),
      maxLength: 40,
    })
    fc.assert(
      fc.property(text, (selector) => {
        const outcome = outcomeOf(() => parseFieldSelector(selector, fields)(device))
        expect(['true', 'false', 'REQUEST_MALFORMED']).toContain(outcome)
      }),
    )
  })
})

describe('a selection', () => {
  const select = (metadata: Partial<ObjectMeta>, selection: Parameters<typeof compileSelection>[1]) =>
    compileSelection('Device', selection)?.(aStoredDevice(metadata))

  it('of everything is no test at all', () => {
    expect(compileSelection('Device', {})).toBeUndefined()
    expect(compileSelection('Device', { labelSelector: '', fieldSelector: '' })).toBeUndefined()
  })

  it('is all of its parts together', () => {
    const selection = { namespace: 'user-1', labelSelector: 'a', fieldSelector: 'metadata.name=mac-1' }
    expect(select({ labels: { a: '' } }, selection)).toBe(true)
    expect(select({}, selection)).toBe(false)
    expect(select({ labels: { a: '' }, namespace: 'user-2' }, selection)).toBe(false)
    expect(select({ labels: { a: '' }, name: 'mac-2' }, selection)).toBe(false)
  })

  it('knows the selectable fields of its kind only', () => {
    const fieldSelector = 'spec.deviceId=x'
    expect(refusalOf(() => compileSelection('Runtime', { fieldSelector })).code).toBe('REQUEST_MALFORMED')
    expect(compileSelection('Device', { fieldSelector })).toBeTypeOf('function')
  })
})

function outcomeOf(act: () => boolean): string {
  try {
    return String(act())
  } catch {
    return refusalOf(act).code
  }
}
