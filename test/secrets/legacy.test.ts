import { inspect } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Secret } from '#core/secret.ts'
import { createLegacyReader } from '#secrets/legacy.ts'

const KEY = new Secret('12345678901234567890123456789012')
const IV = new Secret('1234567890123456')
const READER = createLegacyReader({ key: KEY, iv: IV })

describe('a value of the reference system', () => {
  it.each([
    ['1DR502SlfiSYl6gEZI2F2A==', '{}'],
    ['1AGq7v94AJ47aC9qKcsOdnINlBMQcGW93kuvNNzbFXk=', 'http://127.0.0.1:7890'],
    ['I8aqAy9gP1bHLnfKd3mPkiXanvPQOWzO+RZfXGyzNT4=', '{\n  "token": "secret"\n}'],
  ])('49: opens: %s', (value, plaintext) => {
    expect(READER.open(value)?.open()).toBe(plaintext)
  })

  it.each([
    ['empty', ''],
    ['not base64', 'canary!'],
    ['without its padding', '1DR502SlfiSYl6gEZI2F2A'],
    ['in base64url', 'I8aqAy9gP1bHLnfKd3mPkiXanvPQOWzO-RZfXGyzNT4='],
    ['with a newline', '1DR502SlfiSYl6gEZI2F2A==\n'],
    ['half a block', 'AAAAAAAAAAA='],
    ['of another key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ])('does not open when it is %s', (_what, value) => {
    expect(READER.open(value)).toBeUndefined()
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (value) => {
        const opened = READER.open(value)
        expect(opened === undefined || opened instanceof Secret).toBe(true)
      }),
    )
  })
})

describe('the key of the reference system', () => {
  it.each([
    [{ key: new Secret('canary-short'), iv: IV }, 'GIT_TOKEN_AES_KEY: expected 32 bytes, got 12'],
    [{ key: new Secret(''), iv: IV }, 'GIT_TOKEN_AES_KEY: expected 32 bytes, got 0'],
    [{ key: KEY, iv: new Secret('canary') }, 'GIT_TOKEN_AES_IV: expected 16 bytes, got 6'],
    [{ key: new Secret('é'.repeat(32)), iv: IV }, 'GIT_TOKEN_AES_KEY: expected 32 bytes, got 64'],
  ])('52: is refused when it has another length, without showing it: %#', (keys, message) => {
    expect(() => createLegacyReader(keys)).toThrowError(
      expect.objectContaining({ code: 'SETTING_INVALID', message }),
    )
  })

  it('is shown by nothing', () => {
    expect(inspect(READER, { depth: null, showHidden: true })).not.toContain('1234567890')
  })
})
