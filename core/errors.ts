/** How the work queue treats a failure: give up until something changes, back off, or take the key again at once. */
export type Retry = 'never' | 'later' | 'now'

interface ErrorRow {
  readonly status: number
  readonly retry: Retry
  readonly title: string
}

/**
 * The one table of expected failures.
 *
 * `status` is what a person's HTTP request gets, `retry` what the work queue does. A failure that is not in here is a bug.
 */
export const ERRORS = {
  RUNTIME_UNSUPPORTED: { status: 400, retry: 'never', title: 'Runtime is not registered' },
  AUTH_TOO_LARGE: { status: 400, retry: 'never', title: 'Auth document is too large' },
  AUTH_NOT_JSON: { status: 400, retry: 'never', title: 'Auth document is not JSON' },
  AUTH_NOT_OBJECT: { status: 400, retry: 'never', title: 'Auth document is not a JSON object' },
  AUTH_SCHEMA: { status: 400, retry: 'never', title: 'Auth document does not fit its runtime' },
  PROXY_INVALID: { status: 400, retry: 'never', title: 'Proxy URL is not valid' },
  PROXY_NOT_CONFIGURED: { status: 400, retry: 'never', title: 'No usable proxy is saved' },
  PROXY_SCHEME_UNSUPPORTED: {
    status: 400,
    retry: 'never',
    title: 'Runtime does not support the proxy scheme',
  },
  CONFIG_UNSUPPORTED: { status: 400, retry: 'never', title: 'Runtime has no configuration to layer' },
  // These two are spelled as the write API of the CLIs spells them (spec 07 §14), for clients that know them from there.
  configValidationError: { status: 400, retry: 'never', title: 'Configuration is not valid' },
  configVersionConflict: { status: 409, retry: 'never', title: 'Configuration changed since it was read' },
  REQUEST_MALFORMED: { status: 400, retry: 'never', title: 'Request is malformed' },
  UNAUTHENTICATED: { status: 401, retry: 'never', title: 'Token is missing or not valid' },
  FORBIDDEN: { status: 403, retry: 'never', title: 'Token does not allow this' },
  NOT_FOUND: { status: 404, retry: 'never', title: 'Object does not exist' },
  DEVICE_UNKNOWN: { status: 404, retry: 'never', title: 'Device does not exist' },
  METHOD_NOT_ALLOWED: { status: 405, retry: 'never', title: 'Method is not allowed here' },
  CONFLICT: { status: 409, retry: 'now', title: 'Object changed meanwhile' },
  ALREADY_EXISTS: { status: 409, retry: 'never', title: 'Object exists already' },
  NEWER_DOCUMENT: { status: 409, retry: 'never', title: 'A newer document was stored meanwhile' },
  SELF_DEACTIVATION: { status: 409, retry: 'never', title: 'Nobody can deactivate themselves' },
  AUTH_MISSING: { status: 409, retry: 'never', title: 'No auth document is stored' },
  DECRYPT_FAILED: { status: 409, retry: 'never', title: 'Stored value does not open' },
  CONFIG_UNUSABLE: { status: 409, retry: 'never', title: 'Stored configuration cannot be used' },
  DEVICE_OFFLINE: { status: 409, retry: 'later', title: 'Device is not connected' },
  DEVICE_UNSUPPORTED: { status: 409, retry: 'never', title: 'Device cannot run this command' },
  DEVICE_FAILED: { status: 409, retry: 'later', title: 'Device could not carry out the command' },
  DEVICE_DOCUMENT_NEWER: { status: 409, retry: 'never', title: 'Device has a newer document already' },
  DEVICE_TIMEOUT: { status: 409, retry: 'later', title: 'Device did not answer in time' },
  EXPIRED: { status: 410, retry: 'now', title: 'Version is older than the kept history' },
  PRECONDITION_FAILED: { status: 412, retry: 'never', title: 'Version is not the current one' },
  BODY_TOO_LARGE: { status: 413, retry: 'never', title: 'Request body is too large' },
  URL_TOO_LONG: { status: 414, retry: 'never', title: 'Request address is too long' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, retry: 'never', title: 'Content type is not supported' },
  INVALID: { status: 422, retry: 'never', title: 'Value is not valid' },
  RATE_LIMITED: { status: 429, retry: 'later', title: 'Too many requests' },
  STORE_UNAVAILABLE: { status: 503, retry: 'later', title: 'Store is not available' },
  SETTING_INVALID: { status: 500, retry: 'never', title: 'Setting is not valid' },
  KEYRING_UNUSABLE: { status: 500, retry: 'never', title: 'Keyring cannot be used' },
  STORE_LOCKED: { status: 500, retry: 'never', title: 'Store is in use by another process' },
  STORE_DAMAGED: { status: 500, retry: 'never', title: 'Store cannot be read' },
} as const satisfies Record<string, ErrorRow>

/** The name of a row of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/**
 * An expected failure.
 *
 * The message says what was expected, what came, which object, and what to do. It is shown to people as it is, so it
 * never holds a secret, a ciphertext or the query of a URL.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get retry(): Retry {
    return ERRORS[this.code].retry
  }

  get title(): string {
    return ERRORS[this.code].title
  }
}

/** Tells whether a caught value is the expected failure with this code. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code)
}
