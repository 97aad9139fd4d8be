import { createHash } from 'node:crypto'

import { parseAuthDocument } from '#core/auth-document.ts'
import {
  type DocumentFault,
  notOpening,
  secretKeyMissing,
  secretMalformed,
  secretMissing,
  secretRefUnsupported,
} from '#core/document-fault.ts'
import { type AppError, type ErrorCode, isAppError } from '#core/errors.ts'
import { readPointer } from '#core/json-pointer.ts'
import type { JsonObject } from '#core/json.ts'
import { normalFormOf } from '#core/normal-form.ts'
import type { Runtime } from '#core/runtimes.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { isTime } from '#protocol/liberal.ts'
import { authPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { ReferencedSecret, SecretReader, SecretRef } from '#store/secret-reader.ts'
import type { User } from '#store/users.ts'

/** A stored auth document, opened. */
export interface StoredDocument {
  readonly normalForm: Secret<string>
  readonly sha256: string
  /** `null`: the document, or its runtime, names none. */
  readonly accountId: Secret<string> | null
  readonly lastRefresh: string | null
  readonly hasRefreshToken: boolean
}

/** What to open. */
export interface OpenRequest {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'>
}

/** What came of opening: the document, or why it cannot be used. Neither: none is stored. */
export interface Opening {
  readonly document: StoredDocument | null
  readonly fault: DocumentFault | null
  /** Of the Secret that holds it, as far as it was read; `null`: it is sealed in the resource, or there is no such Secret. */
  readonly secret: Omit<ReferencedSecret, 'text'> | null
}

/** None is stored. */
export const NOTHING_STORED: Opening = { document: null, fault: null, secret: null }

/** What opening stands on. */
export interface OpenSources {
  readonly sealer: Sealer
  /** `undefined`: there is no cluster whose Secrets could be referred to. */
  readonly secrets: SecretReader | undefined
}

/** Opens a document, or says why it cannot be used: never rejects for what is stored. */
export async function openDocument(sources: OpenSources, request: OpenRequest): Promise<Opening> {
  const { encryptedValue, secretRef } = request.config.spec.auth ?? {}
  if (secretRef !== undefined) return openReferenced(sources.secrets, request, secretRef)
  return encryptedValue === undefined ? NOTHING_STORED : openSealed(sources.sealer, request, encryptedValue)
}

/** Codes that say what is wrong with a text, rather than with the way to it. */
const UNUSABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DECRYPT_FAILED',
  'AUTH_NOT_JSON',
  'AUTH_NOT_OBJECT',
  'AUTH_TOO_LARGE',
  'AUTH_SCHEMA',
  'INVALID',
])

function isUnusable(error: unknown): error is AppError {
  return isAppError(error) && UNUSABLE.has(error.code)
}

async function openSealed(sealer: Sealer, request: OpenRequest, sealed: string): Promise<Opening> {
  const { user, runtime, config } = request
  try {
    const text = (await sealer.open(sealed, authPlace(user, config.metadata.name))).open()
    return { ...NOTHING_STORED, document: readDocument(text, runtime, config.spec.auth?.sha256) }
  } catch (error) {
    // A value that does not open is an answer here: the gate `Decryptable` says so.
    if (isUnusable(error)) return { ...NOTHING_STORED, fault: notOpening(error.message) }
    throw error
  }
}

async function openReferenced(
  secrets: SecretReader | undefined,
  { user: { namespace }, runtime }: OpenRequest,
  ref: SecretRef,
): Promise<Opening> {
  if (secrets === undefined) return { ...NOTHING_STORED, fault: secretRefUnsupported() }
  try {
    const { text, ...secret } = await secrets.read(namespace, ref)
    if (text === null) return { document: null, fault: secretKeyMissing(ref), secret }
    return { ...checkReferenced(text, runtime, ref), secret }
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) return { ...NOTHING_STORED, fault: secretMissing(namespace, ref) }
    if (isUnusable(error)) return { ...NOTHING_STORED, fault: secretMalformed(ref, error.message) }
    throw error
  }
}

/** Nobody checked what is in a Secret: it is held to what an upload is held to. */
function checkReferenced(
  text: Secret<string>,
  runtime: Runtime,
  ref: SecretRef,
): Pick<Opening, 'document' | 'fault'> {
  try {
    const { normalForm, sha256 } = parseAuthDocument(text.open(), runtime.spec.auth.validation)
    return { document: readDocument(normalForm.open(), runtime, sha256), fault: null }
  } catch (error) {
    if (isUnusable(error)) return { document: null, fault: secretMalformed(ref, error.message) }
    throw error
  }
}

/** Reads the facts of a document. @throws AppError `AUTH_NOT_JSON`, `AUTH_NOT_OBJECT` */
export function readDocument(text: string, runtime: Runtime, sha256?: string): StoredDocument {
  // What was stored through the API is in normal form already, and its digest proves it.
  const normalForm = sha256Of(text) === sha256 ? text : normalFormOf(text)
  const fields = runtime.spec.auth.fields
  const value: JsonObject = fields === undefined ? {} : JSON.parse(normalForm)
  const read = (pointer: string | undefined) => (pointer === undefined ? null : readPointer(value, pointer))
  const accountId = read(fields?.accountId)
  const lastRefresh = read(fields?.lastRefresh)
  return {
    normalForm: new Secret(normalForm),
    sha256: sha256Of(normalForm),
    accountId: accountId === null ? null : new Secret(accountId),
    // It is shown and logged, so nothing but a time gets through.
    lastRefresh: lastRefresh !== null && isTime(lastRefresh) ? lastRefresh : null,
    hasRefreshToken: read(fields?.refreshToken) !== null,
  }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
