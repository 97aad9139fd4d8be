import { describe, expect, it } from 'vitest'

import { AppError, ERRORS, isAppError } from '#core/errors.ts'
import type { ErrorCode } from '#core/errors.ts'

const codes = Object.keys(ERRORS) as ErrorCode[]

describe('an expected failure', () => {
  it.each(codes)('%s has the status, the retry and the title of its row', (code) => {
    const { status, retry, title } = new AppError(code, 'why')
    expect({ status, retry, title }).toEqual(ERRORS[code])
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(title).toMatch(/^[A-Z][^.]*$/)
  })

  it('keeps what caused it', () => {
    const cause = new Error('below')
    const error = new AppError('STORE_UNAVAILABLE', 'the store does not answer', { cause })
    expect([error.name, error.message, error.cause]).toEqual(['AppError', 'the store does not answer', cause])
  })

  it('is recognised by its code, never by its text', () => {
    const error = new AppError('CONFLICT', 'NOT_FOUND')
    expect([isAppError(error), isAppError(error, 'CONFLICT'), isAppError(error, 'NOT_FOUND')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it.each([new Error('CONFLICT'), { code: 'CONFLICT' }, 'CONFLICT', null, undefined])(
    'is not %j',
    (other) => {
      expect(isAppError(other)).toBe(false)
    },
  )
})
