import { isAppError } from '#core/errors.ts'

/** What one check found. */
export interface Finding {
  readonly check: string
  readonly verdict: 'ok' | 'warning' | 'problem' | 'skipped'
  /** What is so. */
  readonly message: string
  /** What to do about it; `null` when there is nothing to do. */
  readonly advice: string | null
}

/** A finding that needs no action. */
export function ok(check: string, message: string): Finding {
  return { check, verdict: 'ok', message, advice: null }
}

/** A check that does not apply here, and why. */
export function skipped(check: string, message: string): Finding {
  return { check, verdict: 'skipped', message, advice: null }
}

/** Something that works but should not stay so. */
export function warning(check: string, message: string, advice: string): Finding {
  return { check, verdict: 'warning', message, advice }
}

/** Something that does not work. */
export function problem(check: string, message: string, advice: string): Finding {
  return { check, verdict: 'problem', message, advice }
}

/** Runs a check whose expected failure is a problem that says what to do. */
export async function attempt(check: string, inspect: () => Promise<Finding>): Promise<Finding> {
  try {
    return await inspect()
  } catch (error) {
    if (isAppError(error))
      return problem(check, error.message, 'follow the message, then run runtimeconfig doctor again')
    throw error
  }
}
