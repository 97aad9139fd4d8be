import type { RequestHandler } from 'express'
import type { Registry } from 'prom-client'

import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'

import { sendJson, sendText } from './answer.ts'

/** One thing that must be so for this process to be alive, or ready. */
export interface HealthCheck {
  readonly name: string
  /** Rejects, or throws, when it is not so. Resolves with a sentence when it is so, but not as it should be. */
  readonly check: () => Promise<string | void> | string | void
}

interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string | null
}

const CHECK_TIMEOUT_MS = 5000
// Anybody may ask, as often as they like: the checks run once for all who ask within this time.
const FRESH_MS = 1000

/** Answers 200 when every check passes, else 503; the body names each check either way. */
export function healthHandler(checks: readonly HealthCheck[], clock: Clock): RequestHandler {
  let asked: { readonly at: number; readonly results: Promise<readonly CheckResult[]> } | undefined
  return async (_req, res) => {
    const now = clock.monotonic()
    if (asked === undefined || now - asked.at >= FRESH_MS) {
      asked = { at: now, results: Promise.all(checks.map((check) => run(check, clock))) }
    }
    const results = await asked.results
    const isHealthy = results.every((result) => result.ok)
    const status = isHealthy ? 'ok' : 'failed'
    sendJson(res, isHealthy ? 200 : 503, { status, checks: results })
  }
}

/** Answers with the metrics in Prometheus' text format. */
export function metricsHandler(registry: Registry): RequestHandler {
  return async (_req, res) => {
    const text = await registry.metrics()
    sendText(res, { text, status: 200, type: registry.contentType, headers: ['Cache-Control', 'no-store'] })
  }
}

// A check's failure is the answer, so it is caught here; an unexpected one's text may hold anything and is not shown.
async function run(check: HealthCheck, clock: Clock): Promise<CheckResult> {
  try {
    const message = (await withTimeout(check, clock)) ?? null
    return { name: check.name, ok: true, message }
  } catch (error) {
    return { name: check.name, ok: false, message: isAppError(error) ? error.message : 'the check failed' }
  }
}

function withTimeout(check: HealthCheck, clock: Clock): Promise<string | void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(CHECK_TIMEOUT_MS, () => reject(new Error('the check did not end in time')))
    Promise.resolve()
      .then(() => check.check())
      .then(resolve, reject)
      .finally(cancel)
  })
}
