import { AppError, type ErrorCode } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { GROUP } from '#crds/group.ts'

import type { KubeRequest } from './client.ts'
import { describeRequest } from './request-fact.ts'
import { findRuleWords } from './rule-words.ts'

/** What an API server answered in place of what was asked for. */
export interface Refusal {
  /** HTTP status. */
  readonly status: number
  /** `metav1.Status`, or anything else that a proxy in between may say. */
  readonly body: unknown
}

type AskedFor = Pick<KubeRequest, 'method' | 'path' | 'query'>

const SHOWN_CAUSES = 10

/** Says what a refusal means here. Never repeats the server's own message: it quotes values. */
export function toFailure(refusal: Refusal, request: AskedFor): AppError {
  const { status } = refusal
  const what = nameOf(request)
  switch (status) {
    case 400:
      return new AppError(
        'REQUEST_MALFORMED',
        `the API server could not make sense of the request to ${what}`,
      )
    case 401:
    case 403:
      return forbidden(refusal, what)
    case 404:
      return notFound(refusal, request)
    case 409:
      return conflict(refusal, what)
    case 410:
      return new AppError('EXPIRED', `the history that was needed to ${what} is gone; list again`)
    case 413:
      return new AppError('BODY_TOO_LARGE', `the API server takes no object of that size to ${what}`)
    case 422:
      return invalid(refusal, what)
    default:
      return unavailable(refusal, what)
  }
}

/** The failure of a request without an answer. */
export function toNoAnswer(request: AskedFor, why: string): AppError {
  return new AppError('STORE_UNAVAILABLE', `could not ${nameOf(request)}: ${why}; it is tried again later`)
}

/** Tells why a connection failed in one word, such as `ECONNREFUSED`. */
export function networkReason(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'no answer'
}

function nameOf(request: AskedFor): string {
  const { verb, resource } = describeRequest(request)
  return `${verb} ${resource}`
}

function forbidden({ status, body }: Refusal, what: string): AppError {
  if (status === 401) {
    const todo = 'check the service account or the kubeconfig'
    return new AppError('STORE_UNAVAILABLE', `the API server does not know who asks to ${what}; ${todo}`)
  }
  if (hasCause(body, 'NamespaceTerminating')) {
    return new AppError('STORE_UNAVAILABLE', `could not ${what}: the namespace is being deleted`)
  }
  const todo = "compare the roles with the chart's RBAC"
  return new AppError('STORE_UNAVAILABLE', `the service account may not ${what}; ${todo}`)
}

// A kind that is not served answers without the name of an object, mostly without JSON.
function notFound({ body }: Refusal, request: AskedFor): AppError {
  const details = field(body, 'details')
  const name = field(details, 'name')
  if (typeof name === 'string' && name !== '') {
    const isNamespace = field(details, 'kind') === 'namespaces' && request.method === 'POST'
    const why = isNamespace ? 'its namespace is not there (yet); try again' : 'it is not there'
    return new AppError('NOT_FOUND', `could not ${nameOf(request)}: ${why}`)
  }
  const todo = request.path.includes(`/${GROUP}/`)
    ? 'install the CRDs of this version, by the chart or with kubectl apply --server-side -f crds'
    : 'this version of Kubernetes is too old'
  return new AppError(
    'STORE_UNAVAILABLE',
    `the API server does not serve what it takes to ${nameOf(request)}; ${todo}`,
  )
}

function conflict({ body }: Refusal, what: string): AppError {
  const reason = field(body, 'reason')
  const code: ErrorCode = reason === 'AlreadyExists' ? 'ALREADY_EXISTS' : 'CONFLICT'
  const why =
    code === 'ALREADY_EXISTS' ? 'it exists already' : 'it was changed meanwhile; read it and try again'
  return new AppError(code, `could not ${what}: ${why}`)
}

function invalid({ body }: Refusal, what: string): AppError {
  const causes = causesOf(body).slice(0, SHOWN_CAUSES)
  if (causes.length === 0) return new AppError('INVALID', `the API server refused the object to ${what}`)
  return new AppError('INVALID', causes.map(toSentence).join('; '))
}

function unavailable({ status, body }: Refusal, what: string): AppError {
  if (hasCause(body, 'ResourceVersionTooLarge')) {
    // The server was set back to an older state: the version will not come for long.
    return new AppError('EXPIRED', `the version to ${what} from is newer than what there is; list again`)
  }
  return new AppError(
    'STORE_UNAVAILABLE',
    `the API server answered ${status} to ${what}; it is tried again later`,
  )
}

interface Cause {
  readonly reason: string
  readonly path: string
  readonly message: string
}

const REASONS: Readonly<Record<string, string>> = {
  FieldValueRequired: 'is required',
  FieldValueNotFound: 'names nothing that is there',
  FieldValueDuplicate: 'is there twice',
  FieldValueForbidden: 'must not be there, or not be changed',
  FieldValueTooLong: 'is too long',
  FieldValueTooMany: 'has too many entries',
  FieldValueTypeInvalid: 'has the wrong type',
  FieldValueNotSupported: 'is not one of the values that are supported',
}

function toSentence({ path, reason, message }: Cause): string {
  return `${path}: ${findRuleWords(message) ?? REASONS[reason] ?? 'is not valid'}`
}

function causesOf(body: unknown): readonly Cause[] {
  const causes = field(field(body, 'details'), 'causes')
  if (!Array.isArray(causes)) return []
  return causes.map((cause: unknown) => ({
    reason: textOf(cause, 'reason'),
    path: textOf(cause, 'field'),
    message: textOf(cause, 'message'),
  }))
}

function hasCause(body: unknown, reason: string): boolean {
  return causesOf(body).some((cause) => cause.reason === reason)
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function textOf(value: unknown, name: string): string {
  const text = field(value, name)
  return typeof text === 'string' ? text : ''
}
