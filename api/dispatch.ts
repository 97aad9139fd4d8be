import type { Request, RequestHandler, Response } from 'express'

import { isAppError } from '#core/errors.ts'

import { sendAnswer } from './answer.ts'
import { type Authenticator, bearerOf } from './authenticate.ts'
import type { HttpMetrics } from './http-metrics.ts'
import { parseJsonText, parseJsonTextExactly } from './json-text.ts'
import { parseIfMatch } from './precondition.ts'
import { type Principal, requireScope } from './principal.ts'
import type { RateLimiter } from './rate-limit.ts'
import { readBodyText } from './read-body.ts'
import { requestIdOf } from './request-id.ts'
import type { ApiRequest, Route } from './route.ts'

/** What stands between the socket and a handler. */
export interface DispatchDeps {
  readonly authenticator: Authenticator
  readonly rateLimiter: RateLimiter
  readonly metrics: HttpMetrics
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
}

/** Makes the express handler of a route: limits, identity, scope, body, then the route's own work. */
export function dispatch(route: Route, deps: DispatchDeps): RequestHandler {
  const observe = deps.metrics.forRoute(route)
  return async (req, res) => {
    observe(res)
    const request = await admit(route, { req, res, deps })
    sendAnswer(req, res, await route.handle(request))
  }
}

interface Exchange {
  readonly req: Request
  readonly res: Response
  readonly deps: DispatchDeps
}

async function admit(route: Route, exchange: Exchange): Promise<ApiRequest> {
  const { req, res, deps } = exchange
  const address = addressOf(req)
  const principal = await authenticate(req, { ...deps, address })
  requireAccess(principal, route)
  await countPrincipal(principal, { limiter: deps.rateLimiter, cost: route.cost ?? 1 })
  const bodyText = route.body === undefined ? '' : await readBody(route, { ...exchange, principal })
  return {
    caller: { principal, address, requestId: () => requestIdOf(res) },
    params: stringParams(req.params),
    query: req.query,
    ifMatch: parseIfMatch(req.headers['if-match']),
    onBehalfOf: onBehalfOf(req),
    body: parseBody(route, bodyText, deps.maxJsonDepth),
    bodyText,
  }
}

/** Gives the address a request is counted for: the socket's, or what trusted proxies say. */
export function addressOf(req: Request): string {
  // Express works the list of proxies out even when none is trusted.
  const isBehindProxy = req.app.get('trust proxy') !== false
  return (isBehindProxy ? req.ip : req.socket.remoteAddress) ?? 'unknown'
}

interface AuthenticateDeps {
  readonly authenticator: Authenticator
  readonly rateLimiter: RateLimiter
  readonly address: string
}

async function authenticate(req: Request, deps: AuthenticateDeps): Promise<Principal> {
  try {
    return await deps.authenticator.authenticate(bearerOf(req.headers.authorization))
  } catch (error) {
    if (isAppError(error, 'UNAUTHENTICATED')) await deps.rateLimiter.penalise(deps.address)
    throw error
  }
}

function requireAccess(principal: Principal, route: Route): void {
  // Manifests are applied by people for themselves and by administrators for others; which it is shows later.
  if (route.access === 'user-or-admin' && principal.scopes.has('admin')) return
  requireScope(principal, route.access === 'user-or-admin' ? 'user' : route.access)
}

interface Count {
  readonly limiter: RateLimiter
  readonly cost: number
}

function countPrincipal({ scopes, user }: Principal, { limiter, cost }: Count): Promise<void> {
  return scopes.has('execution') ? limiter.countExecution(user.id, cost) : limiter.countUser(user.id, cost)
}

function stringParams(params: Request['params']): Readonly<Record<string, string>> {
  return params as Readonly<Record<string, string>>
}

function onBehalfOf(req: Request): string | null {
  const header = req.headers['x-on-behalf-of']
  if (typeof header !== 'string' || header.trim() === '') return null
  // Node reads headers as Latin-1; whoever sends a name beyond it sends UTF-8.
  const name = Buffer.from(header.trim(), 'latin1').toString('utf8')
  return name.includes('\ufffd') ? header.trim() : name
}

interface AdmittedExchange extends Exchange {
  readonly principal: Principal
}

async function readBody(route: Route, { req, deps, principal }: AdmittedExchange): Promise<string> {
  const types = route.bodyFormat === 'text' ? 'text' : 'json'
  const text = await readBodyText(req, { maxBytes: deps.maxBodyBytes, types })
  const cost = route.costOfBody?.(text) ?? 0
  if (cost > 0) await countPrincipal(principal, { limiter: deps.rateLimiter, cost })
  return text
}

function parseBody(route: Route, text: string, maxDepth: number): unknown {
  if (text === '') return route.body !== undefined && route.isBodyOptional === true ? {} : undefined
  if (route.bodyFormat === 'text') return text
  return route.bodyFormat === 'exact-json'
    ? parseJsonTextExactly(text, maxDepth)
    : parseJsonText(text, maxDepth)
}
