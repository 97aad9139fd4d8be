import { describe, expect, it } from 'vitest'

import { toFailure } from '#store/kubernetes/failure.ts'

const OURS = '/apis/agent.wecode.io/v1'
const GET = { method: 'GET', path: `${OURS}/namespaces/user-1/devices/mac-1` } as const
const CANARY = 'canary-value-77'

const status = (reason: string, details: object = {}) => ({
  kind: 'Status',
  status: 'Failure',
  reason,
  message: `the server quotes ${CANARY}`,
  details,
})

describe('toFailure', () => {
  it.each<[string, { readonly status: number; readonly body?: unknown }, string]>([
    ['a made-up continue token', { status: 400, body: status('BadRequest') }, 'REQUEST_MALFORMED'],
    ['a token that is not good', { status: 401, body: status('Unauthorized') }, 'STORE_UNAVAILABLE'],
    ['a missing role', { status: 403, body: status('Forbidden', { name: 'mac-1' }) }, 'STORE_UNAVAILABLE'],
    ['a missing object', { status: 404, body: status('NotFound', { name: 'mac-1' }) }, 'NOT_FOUND'],
    ['a kind that is not served', { status: 404 }, 'STORE_UNAVAILABLE'],
    [
      'a kind that is not served, in JSON',
      { status: 404, body: status('NotFound', {}) },
      'STORE_UNAVAILABLE',
    ],
    ['a taken name', { status: 409, body: status('AlreadyExists', { name: 'mac-1' }) }, 'ALREADY_EXISTS'],
    ['a stale version', { status: 409, body: status('Conflict', { name: 'mac-1' }) }, 'CONFLICT'],
    ['a version that is gone', { status: 410, body: status('Expired') }, 'EXPIRED'],
    ['a page that is gone', { status: 410, body: status('Gone') }, 'EXPIRED'],
    ['an object that is too large', { status: 413, body: status('RequestEntityTooLarge') }, 'BODY_TOO_LARGE'],
    ['a broken rule', { status: 422, body: status('Invalid') }, 'INVALID'],
    ['a server that is busy', { status: 429, body: status('TooManyRequests') }, 'STORE_UNAVAILABLE'],
    ['a fault', { status: 500, body: status('InternalError') }, 'STORE_UNAVAILABLE'],
    ['a proxy without a server', { status: 502 }, 'STORE_UNAVAILABLE'],
    ['etcd that is away', { status: 503, body: status('ServiceUnavailable') }, 'STORE_UNAVAILABLE'],
    [
      'a version that is still to come',
      {
        status: 504,
        body: status('Timeout', {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        }),
      },
      'EXPIRED',
    ],
    ['a server that is too slow', { status: 504, body: status('Timeout') }, 'STORE_UNAVAILABLE'],
    ['something that no server says', { status: 418 }, 'STORE_UNAVAILABLE'],
  ])('knows what %s means', (_what, { status, body }, expected) => {
    const failure = toFailure({ status, body }, GET)
    expect(failure.code).toBe(expected)
    expect(failure.message).not.toContain(CANARY)
  })

  it('names what is not allowed and where it would be', () => {
    const request = { method: 'PATCH', path: `${GET.path}/status` } as const
    expect(toFailure({ status: 403, body: status('Forbidden') }, request).message).toBe(
      "the service account may not patch devices/status; compare the roles with the chart's RBAC",
    )
  })

  it('names the CRDs when a kind is not served', () => {
    expect(toFailure({ status: 404, body: undefined }, GET).message).toBe(
      'the API server does not serve what it takes to get devices; install the CRDs of this version, by the chart or with kubectl apply --server-side -f crds',
    )
  })

  it.each([
    ['devices', 'GET', 'could not get devices: it is not there'],
    ['namespaces', 'POST', 'could not create devices: its namespace is not there (yet); try again'],
  ] as const)('says what is missing when a server finds no %s', (kind, method, message) => {
    const body = status('NotFound', { name: 'x', kind })
    const path = method === 'POST' ? GET.path.replace(/\/[^/]+$/, '') : GET.path
    expect(toFailure({ status: 404, body }, { method, path })).toMatchObject({ code: 'NOT_FOUND', message })
  })

  it('says that a namespace is on its way out', () => {
    const body = status('Forbidden', {
      causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }],
    })
    expect(toFailure({ status: 403, body }, GET)).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: 'could not get devices: the namespace is being deleted',
    })
  })

  it('gives paths and the words of our own rules, and nothing that may be a value', () => {
    const rule = 'spec.deviceId cannot be changed; delete this object and let the device register again'
    const causes = [
      { reason: 'FieldValueInvalid', field: 'spec.deviceId', message: `Invalid value: "${CANARY}": ${rule}` },
      { reason: 'FieldValueRequired', field: 'spec.deviceId', message: 'Required value' },
      {
        reason: 'FieldValueNotSupported',
        field: 'spec.deviceType',
        message: `Unsupported value: "${CANARY}"`,
      },
      { reason: 'Whatever', field: 'spec.displayName', message: `Invalid value: "${CANARY}": is odd` },
    ]
    const failure = toFailure({ status: 422, body: status('Invalid', { causes }) }, GET)
    expect(failure).toMatchObject({
      code: 'INVALID',
      message: [
        `spec.deviceId: ${rule}`,
        'spec.deviceId: is required',
        'spec.deviceType: is not one of the values that are supported',
        'spec.displayName: is not valid',
      ].join('; '),
    })
  })
})
