import { describe, expect, it } from 'vitest'

import { isNotModified, parseIfMatch, requireMatch } from '#api/precondition.ts'

describe('If-Match', () => {
  it.each([
    [undefined, null],
    ['*', null],
    [' * ', null],
    ['"a"', ['"a"']],
    ['"a", "b"', ['"a"', '"b"']],
    ['"a,b"', ['"a,b"']],
    ['W/"a", "b"', ['"b"']],
    ['W/"a"', []],
    ['a', []],
    ['', []],
    ['"', []],
  ])('reads %s as %j', (header, tags) => {
    expect(parseIfMatch(header)).toEqual(tags)
  })

  it('lets the named version through, and any when none is named', () => {
    requireMatch(null, '"a"')
    requireMatch(['"b"', '"a"'], '"a"')
    expect(() => requireMatch(['"b"'], '"a"')).toThrow('changed since the version in If-Match')
    expect(() => requireMatch([], '"a"')).toThrow('changed since')
  })
})

describe('If-None-Match', () => {
  it.each([
    [undefined, false],
    ['*', true],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", W/"a"', true],
    ['"b"', false],
    ['a', false],
  ])('takes %s for %s', (header, expected) => {
    expect(isNotModified(header, '"a"')).toBe(expected)
  })
})
