import type { ErrorRequestHandler, Request, Response } from 'express'

import { AppError } from '#core/errors.ts'
import { type Problem, PROBLEM_TYPE } from '#protocol/problem.ts'

import { sendText } from './answer.ts'
import type { Logger } from './logger.ts'
import { RateLimitError } from './rate-limit.ts'
import { requestIdOf } from './request-id.ts'
import { BodyInvalidError } from './route.ts'

/** The code of a bug, which no row of the table of errors stands for. */
const INTERNAL: Problem = {
  type: 'about:blank',
  title: 'Internal error',
  status: 500,
  detail: 'something went wrong here; the log says more under the request id of this answer',
  code: 'INTERNAL',
}

/**
 * Turns whatever a handler threw into the one answer for it. An expected failure says its own text; anything else is a bug:
 * logged once, here, and answered without a word of it.
 */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- express tells an error handler by its four parameters
  return (error: unknown, req, res, _next) => {
    const expected = toExpected(error)
    if (expected === null) logger.error({ err: error, request: requestIdOf(res) }, 'request failed')
    if (res.headersSent) {
      res.destroy()
      return
    }
    sendProblem(req, res, expected)
  }
}

function sendProblem(req: Request, res: Response, error: AppError | null): void {
  const body = error === null ? INTERNAL : toProblem(error)
  const headers = [
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestIdOf(res),
    ...headersFor(body.status, error),
  ]
  sendText(res, {
    text: JSON.stringify(body),
    status: body.status,
    type: `${PROBLEM_TYPE}; charset=utf-8`,
    headers,
  })
  // What the client is still sending is read and dropped, so that the connection stays usable and the answer arrives.
  req.resume()
}

function headersFor(status: number, error: AppError | null): readonly string[] {
  if (error instanceof RateLimitError) return ['Retry-After', String(error.retryAfterSeconds)]
  if (status === 401) return ['WWW-Authenticate', 'Bearer']
  return status === 503 ? ['Retry-After', '1'] : []
}

/** Gives the problem for an expected failure. */
export function toProblem(error: AppError): Problem {
  const { title, status, message: detail, code } = error
  const errors = error instanceof BodyInvalidError ? { errors: [...error.faults] } : {}
  return { type: 'about:blank', title, status, detail, code, ...errors }
}

function toExpected(error: unknown): AppError | null {
  if (error instanceof AppError) return error
  // Express decodes path parameters before any handler runs, and throws the language's own error.
  if (error instanceof URIError) {
    return new AppError('REQUEST_MALFORMED', 'path must be percent-encoded UTF-8', { cause: error })
  }
  return null
}
