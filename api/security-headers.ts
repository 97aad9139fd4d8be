import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

import type { Express, Response } from 'express'
import helmet from 'helmet'

const LOCAL = 'securityHeaders'

/**
 * Makes an app's answers carry Helmet's headers; whoever writes an answer takes them from {@link securityHeadersOf}.
 *
 * None of them depends on the request, so Helmet runs once, here: its thirteen steps, and a look-up per header, would cost
 * every request as much as answering it.
 */
export function useSecurityHeaders(app: Express): void {
  app.locals[LOCAL] = helmetHeaders()
}

/** Gives the headers as a flat list of names and values, for the start of a `writeHead`. */
export function securityHeadersOf(res: Response): readonly string[] {
  return res.app.locals[LOCAL] as readonly string[]
}

function helmetHeaders(): readonly string[] {
  const req = new IncomingMessage(new Socket())
  const res = new ServerResponse(req)
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
  })(req, res, () => {})
  return Object.entries(res.getHeaders()).flatMap(([name, value]) => [name, String(value)])
}
