import { describe, expect, it } from 'vitest'

import { parseManifests } from '#api/manifests/parse.ts'

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
