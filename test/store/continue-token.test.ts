import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readContinueToken, writeContinueToken } from '#store/continue-token.ts'
import { refusalOf } from '#test/support/refusal.ts'

const place = fc.record({ version: fc.nat(), namespace: fc.string(), name: fc.string() })
const aPlace = { version: 42, namespace: 'user-1', name: 'mac-1' }

describe('continue tokens', () => {
  it('give back what they were written with', () => {
    fc.assert(
      fc.property(place, (at) => {
        const token = writeContinueToken('Device', {}, at)
        expect(readContinueToken('Device', {}, token)).toEqual(at)
        expect(token).toMatch(/^[-_A-Za-z0-9]+$/)
      }),
    )
  })

  it('are refused when one character of them is another', () => {
    const token = writeContinueToken('Device', {}, aPlace)
    fc.assert(
      fc.property(
        fc.nat(token.length - 1),
        fc.constantFrom('a', 'Z', '0', '9', '-', '_', '=', '.', '%'),
        (at, char) => {
          fc.pre(token[at] !== char)
          const changed = token.slice(0, at) + char + token.slice(at + 1)
          expect(refusalOf(() => readContinueToken('Device', {}, changed)).code).toBe('REQUEST_MALFORMED')
        },
      ),
    )
  })

  it('are refused when they are made up', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(refusalOf(() => readContinueToken('Device', {}, text)).code).toBe('REQUEST_MALFORMED')
      }),
    )
  })

  it.each([
    ['another kind', 'Runtime', {}],
    ['another namespace', 'Device', { namespace: 'user-2' }],
    ['other labels', 'Device', { labelSelector: 'a' }],
    ['other fields', 'Device', { fieldSelector: 'metadata.name=a' }],
  ] as const)('are refused for %s', (_what, kind, selection) => {
    const token = writeContinueToken('Device', {}, aPlace)
    expect(refusalOf(() => readContinueToken(kind, selection, token)).code).toBe('REQUEST_MALFORMED')
  })
})
