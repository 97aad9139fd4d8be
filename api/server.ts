import express, { type Express, type RequestHandler } from 'express'

import { AppError } from '#core/errors.ts'

import { ConfigStacks } from './config-stacks.ts'
import type { ApiContext, ApiDeps, ApiLimits } from './deps.ts'
import { addressOf, dispatch } from './dispatch.ts'
import { executionRequestRoutes } from './execution-requests.ts'
import { FreshReads, tellingStore, tellingUsers } from './fresh-reads.ts'
import { healthHandler, metricsHandler } from './health.ts'
import { createHttpMetrics } from './http-metrics.ts'
import { manifestRoutes } from './manifests/routes.ts'
import { openApiHandler } from './openapi.ts'
import { OpenedProxies } from './opened-proxies.ts'
import { problemHandler } from './problem.ts'
import { ProxyProbes } from './proxy-probes.ts'
import { createRateLimiter, DEFAULT_RATE_LIMITS, type RateLimiter } from './rate-limit.ts'
import { readinessChecks } from './readiness.ts'
import type { Route } from './route.ts'
import { useSecurityHeaders } from './security-headers.ts'
import { storedSource } from './state-source.ts'
import { Turns } from './turns.ts'
import { authJsonRoutes } from './users/auth-json.ts'
import { configRoutes } from './users/config.ts'
import { currentTokenRoutes } from './users/current-token.ts'
import { deviceTokenRoutes } from './users/device-tokens.ts'
import { deviceRoutes } from './users/devices.ts'
import { importDeviceRoutes } from './users/import-device.ts'
import { probeProxyRoutes } from './users/probe-proxy.ts'
import { proxyConfigRoutes } from './users/proxy-config.ts'
import { runtimeConfigRoutes } from './users/runtime-configs.ts'
import { syncRoutes } from './users/sync.ts'
import { userRoutes } from './users/users.ts'

const DEFAULT_LIMITS = {
  maxBodyBytes: 1_048_576,
  maxJsonDepth: 100,
  maxUrlLength: 8192,
  rates: DEFAULT_RATE_LIMITS,
} satisfies Required<ApiLimits>

/**
 * Makes the HTTP API. Every path answers with and without the prefix `/api`.
 *
 * Hand the server that it runs on to `configureHttpServer` too: what never becomes a request is bounded there.
 */
export function createApp(deps: ApiDeps): Express {
  const limits = { ...DEFAULT_LIMITS, ...deps.limits }
  const api = createContext(deps)
  const routes = routesOf(api)
  const rateLimiter = createRateLimiter(limits.rates, () => api.metrics.countLimited())
  const dispatchDeps = { ...limits, authenticator: api.authenticator, rateLimiter, metrics: api.metrics }
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('trust proxy', deps.trustProxy ?? false)
  useSecurityHeaders(app)
  app.use(checkHead(limits.maxUrlLength))
  mountProbes(app, api)
  app.use(limitAddress(rateLimiter))
  mount(app, '/metrics', { get: metricsHandler(api.registry) })
  mount(app, '/openapi.json', { get: openApiHandler(routes) })
  for (const [path, methods] of Map.groupBy(routes, (route) => route.path)) {
    mount(
      app,
      path,
      Object.fromEntries(methods.map((route) => [route.method, dispatch(route, dispatchDeps)])),
    )
  }
  app.use(refuseUnknownPath)
  app.use(problemHandler(api.logger))
  return app
}

function createContext(deps: ApiDeps): ApiContext {
  const metrics = createHttpMetrics(deps.registry)
  const openedProxies = new OpenedProxies({
    sealer: deps.sealer,
    onUnopened: () => metrics.countUnopened('proxy'),
  })
  const configStacks = new ConfigStacks({
    sealer: deps.sealer,
    onUnopened: () => metrics.countUnopened('config'),
  })
  const memory = new FreshReads(deps)
  const store = tellingStore(deps.store, memory)
  const users = tellingUsers(deps.users, memory)
  const stored = storedSource({ store, users })
  const own = { proxyProbes: new ProxyProbes(), turns: new Turns() }
  return { ...deps, ...own, metrics, openedProxies, configStacks, memory, store, users, stored }
}

function routesOf(api: ApiContext): readonly Route[] {
  return [
    ...runtimeConfigRoutes(api),
    ...configRoutes(api),
    ...authJsonRoutes(api),
    ...importDeviceRoutes(api),
    ...syncRoutes(api),
    ...proxyConfigRoutes(api),
    ...deviceRoutes(api),
    ...probeProxyRoutes(api),
    ...deviceTokenRoutes(api),
    ...currentTokenRoutes(api),
    ...userRoutes(api),
    ...executionRequestRoutes(api),
    ...manifestRoutes(api),
  ]
}

// Before any limit: a probe must get its answer when nobody else does, or a busy process is restarted for being busy.
function mountProbes(app: Express, api: ApiContext): void {
  mount(app, '/livez', { get: healthHandler(api.livenessChecks ?? [], api.clock) })
  mount(app, '/readyz', { get: healthHandler(readinessChecks(api), api.clock) })
}

function limitAddress(rateLimiter: RateLimiter): RequestHandler {
  return async (req, _res, next) => {
    await rateLimiter.countAddress(addressOf(req))
    next()
  }
}

type Methods = Readonly<Partial<Record<Route['method'], RequestHandler>>>

function mount(app: Express, path: string, methods: Methods): void {
  const route = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'))
  for (const [method, handler] of Object.entries(methods)) route[method as Route['method']](handler)
  const names = Object.keys(methods).map((method) => method.toUpperCase())
  const allow = (names.includes('GET') ? [...names, 'HEAD'] : names).join(', ')
  route.all((_req, res) => {
    res.setHeader('Allow', allow)
    throw new AppError('METHOD_NOT_ALLOWED', `this path answers ${allow}`)
  })
}

function checkHead(maxLength: number): RequestHandler {
  return (req, _res, next) => {
    if (req.headers.host === undefined && req.httpVersion === '1.1') {
      throw new AppError('REQUEST_MALFORMED', 'expected a Host header')
    }
    if (req.url.length > maxLength) {
      throw new AppError('URL_TOO_LONG', `expected a path and query of at most ${maxLength} characters`)
    }
    if (req.url.startsWith('/api/')) req.url = req.url.slice('/api'.length)
    next()
  }
}

const refuseUnknownPath: RequestHandler = () => {
  throw new AppError('NOT_FOUND', 'there is nothing at this path; GET /openapi.json lists what there is')
}
