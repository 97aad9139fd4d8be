import { ServerResponse, IncomingMessage } from 'node:http'
import { Socket } from 'node:net'

import type { RequestHandler } from 'express'
import helmet from 'helmet'

/**
 * Gives the middleware that sets Helmet's headers.
 *
 * None of them depends on the request, so Helmet runs once, here, and its result is copied: running its thirteen steps for
 * every request would cost as much as answering it.
 */
export function securityHeaders(): RequestHandler {
  const headers = helmetHeaders()
  return (_req, res, next) => {
    for (const [name, value] of headers) res.setHeader(name, value)
    next()
  }
}

function helmetHeaders(): readonly (readonly [string, string])[] {
  const req = new IncomingMessage(new Socket())
  const res = new ServerResponse(req)
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
  })(req, res, () => {})
  return Object.entries(res.getHeaders()).map(([name, value]) => [name, String(value)])
}
