import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { aCanary, findLeaks } from '#test/support/canaries.ts'

const SPELLINGS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  bytes: (bytes) => bytes.toString('latin1'),
  'a document in a document': (bytes) => JSON.stringify(JSON.stringify(bytes.toString('latin1'))),
  'a URL': (bytes) => encodeURIComponent(bytes.toString('latin1')),
  base64: (bytes) => bytes.toString('base64'),
  base64url: (bytes) => bytes.toString('base64url'),
  hex: (bytes) => bytes.toString('hex'),
  HEX: (bytes) => bytes.toString('hex').toUpperCase(),
  'a printed buffer': (bytes) => inspect(bytes, { maxArrayLength: null }),
  'a buffer as JSON': (bytes) => JSON.stringify(bytes),
  'a list of numbers': (bytes) => [...bytes].join(', '),
}

const anything = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))

describe('a search for secrets', () => {
  it.each(Object.entries(SPELLINGS))('finds one within something longer, spelt as %s', (_name, spell) => {
    const canary = aCanary('Test')
    fc.assert(
      fc.property(anything, anything, (before, after) => {
        const text = spell(Buffer.concat([before, Buffer.from(canary), after]))
        expect(findLeaks({ here: text }, { canary })).not.toEqual([])
      }),
    )
  })

  it.each(['bytes', 'base64', 'base64url', 'hex', 'a printed buffer'])('finds a key, spelt as %s', (name) => {
    fc.assert(
      fc.property(anything, anything, (before, after) => {
        const key = randomBytes(32)
        const text = SPELLINGS[name]?.(Buffer.concat([before, key, after])) ?? ''
        expect(findLeaks({ here: text }, { key })).not.toEqual([])
      }),
    )
  })

  it('finds nothing where nothing is', () => {
    const text = randomBytes(10_000).toString('base64')
    expect(findLeaks({ here: text }, { canary: aCanary('Test'), key: randomBytes(32) })).toEqual([])
  })
})
