import { describe, expect, it } from 'vitest'

import { costOfReading, parseManifests } from '#api/manifests/parse.ts'

const DEPTH = 100

/** As many anchors and aliases as asked for, each alias of an anchor of its own. */
function anchorsAndAliases(count: number): string {
  const anchors = Array.from({ length: count }, (_unused, at) => `  a${at}: &x${at} v`)
  const aliases = Array.from({ length: count }, (_unused, at) => `  b${at}: *x${at}`)
  return ['spec:', ...anchors, ...aliases].join('\n')
}

describe('YAML', () => {
  it('may use aliases like a person does', () => {
    const [object] = parseManifests(anchorsAndAliases(50), DEPTH)
    expect(object).toMatchObject({ spec: { a49: 'v', b49: 'v' } })
  })

  it('is refused with more aliases than that: each costs a walk through the document', () => {
    expect(() => parseManifests(anchorsAndAliases(51), DEPTH)).toThrow('at most 50 aliases')
    expect(() => parseManifests(anchorsAndAliases(2000), DEPTH)).toThrow('at most 50 aliases')
  })

  it('counts aliases for each document', () => {
    const text = [anchorsAndAliases(50), anchorsAndAliases(50)].join('\n---\n')
    expect(parseManifests(text, DEPTH)).toHaveLength(2)
  })

  it('counts aliases that are keys, and those inside of what is aliased', () => {
    const keys = Array.from({ length: 51 }, (_unused, at) => `? *x\n: ${at}`)
    expect(() => parseManifests(['a: &x k', ...keys].join('\n'), DEPTH)).toThrow('at most 50 aliases')
  })
})

describe('what reading costs', () => {
  it.each([
    ['nothing', '', 0],
    ['a little YAML', 'a', 1],
    ['256 characters of YAML', 'a'.repeat(256), 1],
    ['257 characters of YAML', 'a'.repeat(257), 2],
    ['the longest YAML', 'a'.repeat(65_536), 256],
    ['YAML that is too long to be read', 'a'.repeat(65_537), 0],
    ['JSON', ` \n{"a":"${'x'.repeat(1000)}"}`, 0],
    ['text that only starts like JSON, which is not read as YAML', `[${'a,'.repeat(1000)}`, 0],
  ])('is counted for %s', (_what, text, cost) => {
    expect(costOfReading(text)).toBe(cost)
  })

  it('is nothing only for what the parser of YAML never sees', () => {
    expect(() => parseManifests('[a]', DEPTH)).toThrow('JSON')
    expect(() => parseManifests('a'.repeat(65_537), DEPTH)).toThrow('at most 65536 characters')
  })
})
