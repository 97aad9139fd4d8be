import type { z } from 'zod'

import { AppError, type ErrorCode } from '#core/errors.ts'

import type { IfMatch } from './precondition.ts'
import type { Principal } from './principal.ts'

/** The scope that a token must have to reach a route. */
type RouteAccess = 'user' | 'user-or-admin' | 'admin' | 'execution'

/** Who asked, from where, and under which number: what an audit line says besides the deed. */
export interface Caller {
  readonly principal: Principal
  readonly address: string
  /** Made when it is first asked for. */
  readonly requestId: () => string
}

/** A request as handlers see it: authenticated, bounded and parsed. */
export interface ApiRequest<Body = unknown> {
  readonly caller: Caller
  /** Path parameters, percent-decoded; text as given. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly ifMatch: IfMatch
  /** The user an execution back end acts for; `null` when it names none. */
  readonly onBehalfOf: string | null
  readonly body: Body
  /** The body as it came, for a handler that needs what parsing loses: exact numbers, the order of keys. */
  readonly bodyText: string
}

/** What a handler gives back. `body` is serialised once, and hashed for the `ETag` unless it brings its own. */
export interface Answer {
  readonly body: unknown
  /** Default 200. */
  readonly status?: number
  /** `null`: this answer has no version (a command's result, a token). Absent: made from the body. */
  readonly etag?: string | null
  /** Default `private, no-cache` for a GET, `no-store` for the rest. */
  readonly cacheControl?: string
}

/** How a request body is to be read. */
type BodyFormat = 'json' | 'exact-json' | 'text'

/** What the documentation and the router both need of a route. */
export interface RouteFacts {
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** With `{name}` for a parameter, as OpenAPI writes it. */
  readonly path: string
  readonly access: RouteAccess
  readonly summary: string
  readonly answer: z.ZodType
  /** Default 200. */
  readonly successStatus?: number
  /** The failures besides those that every route has. */
  readonly errors?: readonly ErrorCode[]
  readonly bodyFormat?: BodyFormat
  /** How many requests of its user one request counts for. Default 1. */
  readonly cost?: number
  /** How many more one request counts for by the text of its body, before that is parsed. Default none. */
  readonly costOfBody?: (text: string) => number
  /** A request without a body counts as `{}`. */
  readonly isBodyOptional?: boolean
  /** The handler gets the body as it came, once it was found to fit: parsing would drop unusual keys. */
  readonly isBodyPassedOn?: boolean
  /** Headers of its own, by name, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>
  /** Query parameters, by name, with what they mean. */
  readonly query?: Readonly<Record<string, string>>
}

interface RouteDefinition<S extends z.ZodType> extends RouteFacts {
  readonly body?: S
  readonly handle: (request: ApiRequest<z.output<S>>) => Promise<Answer>
}

/** One line of the table from which the router and the OpenAPI document are both made. */
export interface Route extends RouteFacts {
  readonly body: z.ZodType | undefined
  readonly handle: (request: ApiRequest) => Promise<Answer>
}

/** One wrong place of a body. `path` is a JSON pointer. */
export interface BodyFault {
  readonly path: string
  readonly message: string
}

/** `INVALID`, with every wrong place of the body; never with what stands there. */
export class BodyInvalidError extends AppError {
  readonly faults: readonly BodyFault[]

  constructor(faults: readonly BodyFault[]) {
    super(
      'INVALID',
      faults.map(({ path, message }) => `${path === '' ? 'body' : path}: ${message}`).join('; '),
    )
    this.faults = faults
  }
}

/** Makes a route whose handler gets its body in the shape it asks for; another shape is a {@link BodyInvalidError}. */
export function defineRoute<S extends z.ZodType>(definition: RouteDefinition<S>): Route {
  const { body: schema, handle, ...facts } = definition
  return {
    ...facts,
    body: schema,
    handle: (request) => handle({ ...request, body: parseBody(definition, request.body) }),
  }
}

function parseBody<S extends z.ZodType>(definition: RouteDefinition<S>, body: unknown): z.output<S> {
  if (definition.body === undefined) return undefined as z.output<S>
  const parsed = definition.body.safeParse(body)
  if (parsed.success) return definition.isBodyPassedOn === true ? (body as z.output<S>) : parsed.data
  throw new BodyInvalidError(parsed.error.issues.slice(0, 10).map(toFault))
}

// Only the place and what was expected there: an issue's own message may quote the value, which can be a secret.
function toFault(issue: z.core.$ZodIssue): BodyFault {
  return { path: issue.path.map((part) => `/${clip(String(part))}`).join(''), message: expectation(issue) }
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `expected ${issue.expected}`
  if (issue.code === 'too_big') return `expected at most ${String(issue.maximum)}`
  if (issue.code === 'too_small') return `expected at least ${String(issue.minimum)}`
  return 'expected another value'
}

function clip(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64).toWellFormed()}…` : text.toWellFormed()
}
