import { inspect } from 'node:util'

import { describe, expect, it } from 'vitest'

import type { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { parseKeyring } from '#secrets/keyring.ts'
import { createSealer } from '#secrets/seal.ts'
import { aKeyringFile, aKeyText, aPlace } from '#test/support/keys.ts'

const CANARY_KEY = Buffer.from('canary-abcdefghijklmnopqrstuvwxy').toString('base64url')

function refusal(text: string): AppError {
  try {
    parseKeyring(text, 'RUNTIMECONFIG_KEYRING')
  } catch (error) {
    return error as AppError
  }
  return expect.unreachable('it was accepted')
}

describe('the text of a keyring', () => {
  it('gives its keys, which one is current, and the seed of the device keys', () => {
    const [one, two, seed] = [aKeyText(), aKeyText(), aKeyText()]
    const keys = [
      { kid: 'k1', key: one, createdAt: '2026-11-21T10:00:00.000Z' },
      { kid: 'k2', key: two },
    ]
    const keyring = parseKeyring(
      JSON.stringify(aKeyringFile({ keys, current: 'k2', deviceSeed: seed })),
      'here',
    )
    expect(keyring.source).toBe('here')
    expect([...keyring.keys.keys()]).toEqual(['k1', 'k2'])
    expect(keyring.current).toBe(keyring.keys.get('k2'))
    expect(keyring.current.secret.export().toString('base64url')).toBe(two)
    expect(keyring.deviceSeed.export().toString('base64url')).toBe(seed)
  })

  it('may end with a newline, as a mounted Secret often does', async () => {
    const text = `${JSON.stringify(aKeyringFile())}\n`
    const sealed = await createSealer(parseKeyring(text, 'a')).seal(new Secret('x'), aPlace())
    expect((await createSealer(parseKeyring(text, 'b')).open(sealed, aPlace())).open()).toBe('x')
  })

  const key = aKeyText()
  it.each<[string, string, string]>([
    ['empty', '', 'expected JSON'],
    ['cut off', JSON.stringify(aKeyringFile()).slice(0, -5), 'expected JSON'],
    ['a bare key', key, 'expected JSON'],
    ['a list', '[]', 'content: expected an object'],
    ['null', 'null', 'content: expected an object'],
    ['of a newer version', JSON.stringify(aKeyringFile({ version: 2 })), 'version: expected version 1'],
    [
      'without a current key',
      JSON.stringify(aKeyringFile({ current: undefined })),
      'current: expected a string',
    ],
    [
      'naming a current key it lacks',
      JSON.stringify(aKeyringFile({ current: 'k9' })),
      'current: no key has this kid',
    ],
    ['without keys', JSON.stringify(aKeyringFile({ keys: [] })), 'keys: expected at least one key'],
    [
      'with keys that are no list',
      JSON.stringify(aKeyringFile({ keys: {} })),
      'keys: expected a list of keys',
    ],
    [
      'with a key that is a text',
      JSON.stringify(aKeyringFile({ keys: [key] })),
      'keys.0: expected an object',
    ],
    [
      'without a seed',
      JSON.stringify(aKeyringFile({ deviceSeed: undefined })),
      'deviceSeed: expected a string',
    ],
    [
      'with a number for a kid',
      JSON.stringify(aKeyringFile({ keys: [{ kid: 1, key }] })),
      'keys.0.kid: expected a string',
    ],
    [
      'with an empty kid',
      JSON.stringify(aKeyringFile({ keys: [{ kid: '', key }] })),
      'keys.0.kid: expected 1 to 64 letters, digits, dots, dashes or underscores',
    ],
    [
      'with a kid of two lines',
      JSON.stringify(aKeyringFile({ keys: [{ kid: 'a\nb', key }] })),
      'keys.0.kid: expected 1 to 64 letters, digits, dots, dashes or underscores',
    ],
    [
      'with the same kid twice',
      JSON.stringify(
        aKeyringFile({
          keys: [
            { kid: 'k1', key },
            { kid: 'k1', key: aKeyText() },
          ],
        }),
      ),
      'keys: the same kid is there twice',
    ],
    [
      'with the same key twice',
      JSON.stringify(
        aKeyringFile({
          keys: [
            { kid: 'k1', key },
            { kid: 'k2', key },
          ],
        }),
      ),
      'keys: the same key is there twice',
    ],
    [
      'with a key that is also the seed',
      JSON.stringify(aKeyringFile({ keys: [{ kid: 'k1', key }], deviceSeed: key })),
      'keys: the same key is there twice',
    ],
  ])('is refused when it is %s', (_what, text, why) => {
    const error = refusal(text)
    expect(error.code).toBe('KEYRING_UNUSABLE')
    expect(error.message).toBe(
      `the keyring RUNTIMECONFIG_KEYRING cannot be used: ${why}; restore it from a backup`,
    )
  })

  it.each([
    ['short', Buffer.from('canary-short').toString('base64url'), 'expected 32 bytes of key'],
    ['long', Buffer.from('canary-'.repeat(9)).toString('base64url'), 'expected 32 bytes of key'],
    ['empty', '', 'expected 32 bytes of key'],
    [
      'padded base64',
      Buffer.from('canary-with-padding!').toString('base64'),
      'expected base64url without padding',
    ],
    ['hex of 32 bytes', '0'.repeat(64), 'expected 32 bytes of key'],
    ['all zeroes', Buffer.alloc(32).toString('base64url'), 'expected random bytes, got a pattern'],
    [
      "the reference system's default",
      Buffer.from('12345678901234567890123456789012').toString('base64url'),
      'expected random bytes, got a pattern',
    ],
  ])('52: is refused when a key is %s, without showing it', (_what, key, why) => {
    for (const [file, at] of [
      [aKeyringFile({ keys: [{ kid: 'k1', key }] }), 'keys.0.key'],
      [aKeyringFile({ deviceSeed: key }), 'deviceSeed'],
    ] as const) {
      const error = refusal(JSON.stringify(file))
      expect(error.message).toBe(
        `the keyring RUNTIMECONFIG_KEYRING cannot be used: ${at}: ${why}; restore it from a backup`,
      )
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(`"${key}"`)
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('Y2FuYXJ5')
    }
  })

  it('is never repeated in a refusal, however broken it is', () => {
    const file = aKeyringFile({ keys: [{ kid: 'k1', key: CANARY_KEY }], deviceSeed: CANARY_KEY })
    const text = JSON.stringify(file)
    for (let end = 0; end <= text.length; end += 1) {
      const shown = inspect(refusal(text.slice(0, end)), { depth: null, showHidden: true })
      expect(shown).not.toContain(CANARY_KEY.slice(0, 12))
    }
  })
})
