import { createHash } from 'node:crypto'

import { findMisfit } from './auth-schema.ts'
import { AppError } from './errors.ts'
import type { JsonObject } from './json.ts'
import { normalFormOf } from './normal-form.ts'
import { Secret } from './secret.ts'

/** A login as it is stored, compared and delivered. */
export interface AuthDocument {
  /** Without a newline at the end; a device adds one. */
  readonly normalForm: Secret<string>
  /** Lower-case hex SHA-256 of the normal form's UTF-8 bytes. */
  readonly sha256: string
  /** For looking things up: its numbers are rounded to what JavaScript holds, those of the normal form are not. */
  readonly value: Secret<JsonObject>
}

/** What a runtime asks of its auth documents. */
export interface AuthValidation {
  /** UTF-8 bytes of the text as it came in. */
  readonly maxBytes: number
  /** OpenAPI 3.0 flavour of JSON schema, as in a CRD. */
  readonly schema?: Readonly<Record<string, unknown>>
}

/**
 * Reads the text of an auth file that is to be stored.
 *
 * @throws AppError `AUTH_TOO_LARGE`, `AUTH_NOT_JSON`, `AUTH_NOT_OBJECT`, `AUTH_SCHEMA` (the first that holds, in this order).
 * No message, and no cause, holds anything of the document but the names of keys that the schema itself names.
 */
export function parseAuthDocument(text: string, validation: AuthValidation): AuthDocument {
  const normalForm = normalFormOf(text, validation.maxBytes)
  const value: JsonObject = JSON.parse(normalForm)
  const misfit = validation.schema === undefined ? null : findMisfit(value, validation.schema)
  if (misfit !== null) throw new AppError('AUTH_SCHEMA', misfit)
  const sha256 = createHash('sha256').update(normalForm, 'utf8').digest('hex')
  return { normalForm: new Secret(normalForm), sha256, value: new Secret(value) }
}
