import { createHash } from 'node:crypto'

import type { Clock } from '#core/clock.ts'
import { isAppError } from '#core/errors.ts'
import { readPointer } from '#core/json-pointer.ts'
import type { JsonObject } from '#core/json.ts'
import { normalFormOf } from '#core/normal-form.ts'
import type { Runtime } from '#core/runtimes.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { isTime } from '#protocol/liberal.ts'
import { authPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
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

/** A delivery opens the document when it decides, and again when the device answered and proved it: all within this. */
const KEEP_MS = 5000

/**
 * Opens a user's auth document. `null` when none is stored, or when it does not open to a JSON object: never rejects for what
 * is stored. What was opened is kept for five seconds, for the thousand devices that ask for it and for the proofs that
 * follow; then the plaintext is gone from here.
 */
export class DocumentOpener {
  readonly #sealer: Sealer
  readonly #clock: Clock
  readonly #openings = new Map<string, Promise<StoredDocument | null>>()

  constructor(sealer: Sealer, clock: Clock) {
    this.#sealer = sealer
    this.#clock = clock
  }

  async open(request: OpenRequest): Promise<StoredDocument | null> {
    const { config, runtime } = request
    const sealed = config.spec.auth?.encryptedValue
    if (sealed === undefined) return null
    // Another version of the runtime may look for its facts elsewhere; another namespace may hold a copied ciphertext.
    const place = [
      config.metadata.namespace,
      runtime.metadata.name,
      runtime.metadata.generation,
      sealed,
    ].join('/')
    return this.#openings.get(place) ?? this.#begin(place, openDocument(this.#sealer, request, sealed))
  }

  async #begin(place: string, opening: Promise<StoredDocument | null>): Promise<StoredDocument | null> {
    this.#openings.set(place, opening)
    const cancel = this.#clock.after(KEEP_MS, () => this.#openings.delete(place))
    try {
      return await opening
    } catch (error) {
      cancel()
      this.#openings.delete(place)
      throw error
    }
  }
}

async function openDocument(
  sealer: Sealer,
  request: OpenRequest,
  sealed: string,
): Promise<StoredDocument | null> {
  const { user, runtime, config } = request
  try {
    const text = (await sealer.open(sealed, authPlace(user, config.metadata.name))).open()
    return readDocument(text, runtime, config.spec.auth?.sha256)
  } catch (error) {
    // A value that does not open is an answer here: the gate `Decryptable` says so.
    if (isAppError(error, 'DECRYPT_FAILED') || isAppError(error, 'AUTH_NOT_JSON')) return null
    if (isAppError(error, 'AUTH_NOT_OBJECT') || isAppError(error, 'AUTH_TOO_LARGE')) return null
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
