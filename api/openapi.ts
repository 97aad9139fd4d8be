import type { RequestHandler } from 'express'
import { z } from 'zod'

import { ERRORS, type ErrorCode } from '#core/errors.ts'
import { Problem, PROBLEM_TYPE } from '#protocol/problem.ts'

import { sendJson } from './answer.ts'
import type { Route } from './route.ts'

// What any route can answer, besides its own.
const COMMON: readonly ErrorCode[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'PRECONDITION_FAILED',
  'RATE_LIMITED',
  'STORE_UNAVAILABLE',
]
const WITH_BODY: readonly ErrorCode[] = [
  'REQUEST_MALFORMED',
  'BODY_TOO_LARGE',
  'MEDIA_TYPE_UNSUPPORTED',
  'INVALID',
]

type Json = Readonly<Record<string, unknown>>

/** Answers with {@link openApiDocument}, made when it is first asked for. */
export function openApiHandler(routes: readonly Route[]): RequestHandler {
  let document: Json | undefined
  return (_req, res) => {
    document ??= openApiDocument(routes)
    sendJson(res, 200, document)
  }
}

/** Describes the API as OpenAPI 3.1, made from the very table that the router is made from. */
function openApiDocument(routes: readonly Route[]): Json {
  const shapes = new Shapes()
  const paths: Record<string, Json> = { ...OPEN_PATHS }
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route, shapes) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'runtime-config-operator',
      version: 'v1',
      description:
        'Keeps one copy of a login and makes every device match it. Every path also answers under /api.',
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: shapes.components,
    },
  }
}

// These answer without a token.
const OPEN_PATHS: Readonly<Record<string, Json>> = {
  '/livez': openPath('livez', 'Tells whether this process is moving'),
  '/readyz': openPath('readyz', 'Tells whether this process can serve: store, keyring, watches'),
  '/metrics': openPath('metrics', 'Gives metrics in the text format of Prometheus'),
  '/openapi.json': openPath('openapi', 'Gives this document'),
}

function openPath(operationId: string, summary: string): Json {
  return { get: { summary, operationId, security: [], responses: { 200: { description: 'Done.' } } } }
}

function operationOf(route: Route, shapes: Shapes): Json {
  return {
    summary: route.summary,
    operationId: operationIdOf(route),
    description: `Scope: ${route.access}.`,
    parameters: [...pathParameters(route.path), ...queryParameters(route), ...headerParameters(route)],
    ...(route.body !== undefined && { requestBody: requestBodyOf(route, shapes.refer(route.body, 'input')) }),
    responses: {
      [route.successStatus ?? 200]: {
        description: 'Done.',
        headers: {
          ETag: { description: 'Version for If-Match and If-None-Match.', schema: { type: 'string' } },
        },
        content: { 'application/json': { schema: shapes.refer(route.answer, 'output') } },
      },
      ...problemsOf(route, shapes.refer(Problem, 'output')),
    },
  }
}

function operationIdOf(route: Route): string {
  const words = route.path.replaceAll(/[{}]/g, '').split(/[^A-Za-z0-9]+/)
  return [route.method, ...words].filter((word) => word !== '').join('-')
}

function pathParameters(path: string): readonly Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

function queryParameters({ query = {} }: Route): readonly Json[] {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }))
}

function headerParameters(route: Route): readonly Json[] {
  const headers = { 'If-Match': 'The ETag that must still be current; else 412.', ...route.headers }
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }))
}

function requestBodyOf(route: Route, schema: Json): Json {
  const types = route.bodyFormat === 'text' ? ['application/json', 'application/yaml'] : ['application/json']
  return {
    required: route.isBodyOptional !== true,
    content: Object.fromEntries(types.map((type) => [type, { schema }])),
  }
}

function problemsOf(route: Route, schema: Json): Json {
  const codes = new Set([...(route.errors ?? []), ...(route.body === undefined ? [] : WITH_BODY), ...COMMON])
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status)
  const content = { [PROBLEM_TYPE]: { schema } }
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [status, { description: same.join(', '), content }]),
  )
}

/** The shapes that were referred to, by name. OpenAPI 3.1 takes JSON Schema 2020-12 as it is, only elsewhere. */
class Shapes {
  readonly components: Record<string, unknown> = {}

  refer(schema: z.ZodType, io: 'input' | 'output'): Json {
    const text = JSON.stringify(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))
    const { $schema: _, $defs, ...rest } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'))
    Object.assign(this.components, $defs)
    return rest
  }
}
