import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { chooseHostName, matchesHost } from '#layers/requirements/host-patterns.ts'
import { canonicalName, type RecordedHost } from '#test/layers/recorded-host.ts'
import { readVectors, type Vector } from '#test/layers/vectors.ts'

type Case = Vector<{ readonly host: RecordedHost }, { readonly matches: Readonly<Record<string, boolean>> }>

describe('which host patterns fit', () => {
  it.each(readVectors<Case>('hostname-patterns').map((vector) => [vector.name, vector] as const))(
    '%s',
    (_name, { input, expected }) => {
      const host = chooseHostName(input.host.kernel, canonicalName(input.host)) ?? ''
      const patterns = Object.keys(expected.matches)
      const matches = Object.fromEntries(patterns.map((pattern) => [pattern, matchesHost(pattern, host)]))
      expect(matches).toEqual(expected.matches)
    },
  )

  it('fits what a regular expression of the same meaning fits', () => {
    const text = string({ unit: constantFrom('a', 'b', '.', '*', '?', '[', '\\'), maxLength: 12 })
    assert(
      property(text, string({ unit: constantFrom('a', 'b', '.'), maxLength: 12 }), (pattern, host) => {
        const bare = pattern.replace(/\.+$/, '')
        expect(matchesHost(pattern, host)).toBe(bare !== '' && asRegExp(bare).test(host))
      }),
    )
  })

  it('takes its time from the lengths and not from the number of stars', () => {
    expect(matchesHost(`${'*a'.repeat(5000)}b`, 'a'.repeat(20_000))).toBe(false)
  })

  it('counts a character outside the basic plane as one', () => {
    expect([matchesHost('?', '😀'), matchesHost('??', '😀')]).toEqual([true, false])
  })
})

describe('the name that a machine is matched by', () => {
  it.each<readonly [what: string, names: readonly [string, string | null], expected: string | null]>([
    ['the kernel name, where the resolver knows none', ['Build-01', null], 'build-01'],
    ['the kernel name, where the resolver answers a short one', ['build-01', 'other'], 'build-01'],
    ['the canonical name, where it is qualified', ['build-01', 'B.Example.COM.'], 'b.example.com'],
    ['another qualified name than the kernel says', ['host.a.example', 'b.example.com'], 'b.example.com'],
    ['the kernel name without its dots at the end', [' host.. ', '...'], 'host'],
    ['only ASCII letters in lower case', ['ÄB', null], 'Äb'],
    ['none, where the kernel has none', [' . ', 'a.example.com'], null],
  ])('is %s', (_what, [kernel, canonical], expected) => {
    expect(chooseHostName(kernel, canonical)).toBe(expected)
  })
})

function asRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/[\\[.*?]/g, (character) => {
    if (character === '*') return '[^]*'
    return character === '?' ? '[^]' : `\\${character}`
  })
  return new RegExp(`^${source}$`, 'u')
}
