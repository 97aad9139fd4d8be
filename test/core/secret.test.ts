import { format, inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'

const CANARY = 'canary-41d'

describe('a secret', () => {
  it('gives its value to who opens it', () => {
    expect(new Secret(CANARY).open()).toBe(CANARY)
  })

  it.each([
    ['JSON', (secret: Secret<unknown>) => JSON.stringify({ secret, list: [secret] })],
    ['a template', (secret: Secret<unknown>) => `${String(secret)} ${[secret].join()}`],
    ['a concatenation', (secret: Secret<unknown>) => 'x'.concat(String(secret))],
    ['inspection', (secret: Secret<unknown>) => inspect({ secret }, { depth: null, showHidden: true })],
    [
      'inspection without custom forms',
      (secret: Secret<unknown>) => inspect(secret, { customInspect: false }),
    ],
    ['formatting', (secret: Secret<unknown>) => format('%s %o %O %j', secret, secret, secret, secret)],
    [
      'its keys and values',
      (secret: Secret<unknown>) => JSON.stringify([Object.entries(secret), Object.assign({}, secret)]),
    ],
    [
      'an error that has it as cause',
      (secret: Secret<unknown>) => inspect(new Error('x', { cause: secret })),
    ],
  ])('is not shown by %s', (_how, show) => {
    expect(show(new Secret(CANARY))).not.toContain(CANARY)
    expect(show(new Secret({ token: CANARY }))).not.toContain(CANARY)
  })

  it('looks the same whatever it holds', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const secret = new Secret(value)
        expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual([
          '[redacted]',
          '"[redacted]"',
          '[redacted]',
        ])
      }),
    )
  })
})
