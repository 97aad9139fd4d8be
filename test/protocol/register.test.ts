import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseRegister, registerAnswer } from '#protocol/register.ts'

function aPayload(changes: object = {}): object {
  return { device_id: 'device-1', name: 'Laptop', device_type: 'local', ...changes }
}

describe('registrations', () => {
  it('keeps what matters', () => {
    expect(parseRegister(aPayload({ executor_version: '1.8.6', bind_shell: 'claudecode' }))).toEqual({
      registration: {
        deviceId: 'device-1',
        name: 'Laptop',
        deviceType: 'local',
        executorVersion: '1.8.6',
        isOurAgent: false,
        fence: null,
      },
    })
  })

  it.each([
    ['a number', 1_790_000_000_000, 1_790_000_000_000],
    ['nothing', undefined, null],
    ['text', '5', null],
    ['a fraction', 1.5, null],
    ['less than nothing', -1, null],
    ['more digits than fit', 1e15, null],
  ])('reads %s as a fence, and is not upset by anything else', (_what, fence, read) => {
    expect(parseRegister(aPayload({ fence })).registration?.fence).toBe(read)
  })

  it.each([
    ['our agent', { runtimeConfigAgent: { schemaVersion: 1 } }, true],
    ['a later agent of ours', { runtimeConfigAgent: { schemaVersion: 2 }, more: 1 }, true],
    ['an executor', { schemaVersion: 1, worktrees: {} }, false],
    ['something without a version', { runtimeConfigAgent: {} }, false],
    ['nonsense', 'runtimeConfigAgent', false],
    ['nothing', undefined, false],
  ])('recognises %s', (_what, features, isOurAgent) => {
    const parsed = parseRegister(aPayload({ runtime_features: features }))
    expect(parsed.registration?.isOurAgent).toBe(isOurAgent)
  })

  it.each([
    ['100 characters', 'x'.repeat(100), true],
    ['100 characters of four bytes', '😀'.repeat(100), true],
    ['101 characters of four bytes', '😀'.repeat(101), false],
    ['a line break', 'a\nb', false],
    ['a zero', 'a\u0000b', false],
    ['half a character', 'a\ud800', false],
    ['spaces and umlauts', 'Jörgs Rechner', true],
  ])('judges an id and a name of %s', (_what, text, isGood) => {
    expect(parseRegister(aPayload({ device_id: text })).registration !== null).toBe(isGood)
    expect(parseRegister(aPayload({ name: text })).registration !== null).toBe(isGood)
  })

  it('answers anything with a registration or a short reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue().map(aPayloadWith)), (payload) => {
        const parsed = parseRegister(payload)
        const text = parsed.registration === null ? parsed.reason : parsed.registration.deviceId
        expect(text).toMatch(/^.{1,200}$/u)
      }),
    )
  })
})

function aPayloadWith(value: unknown): object {
  return aPayload({ device_id: value, runtime_features: value, executor_version: value })
}

describe('the answer', () => {
  it.each([
    [{ success: true, device_id: 'a' }],
    [{ success: true, device_id: 'a', digest_key: 'ab', runtimes: [], retry_after_ms: 5 }],
    [{ error: 'Invalid payload: name' }],
  ])('reads %j', (answer) => {
    expect(registerAnswer.parse(answer)).toEqual(answer)
  })
})
