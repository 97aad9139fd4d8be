import { createHash } from 'node:crypto'

import { AppError } from '#core/errors.ts'
import type { KindName } from '#crds/kinds.ts'

import type { Selection } from './store.ts'

/** Where the next page of a list begins. */
export interface Continuation {
  /** The version that all pages of the list show. */
  readonly version: number
  /** The last object of the page before. */
  readonly namespace: string
  readonly name: string
}

const FORMAT = 1
const CHECKSUM_LENGTH = 16

/** Writes a continue token: opaque, and good only for the same kind and selection. */
export function writeContinueToken(kind: KindName, selection: Selection, at: Continuation): string {
  const payload = JSON.stringify([FORMAT, at.version, at.namespace, at.name])
  return Buffer.from(checksum(kind, selection, payload) + payload).toString('base64url')
}

/**
 * Reads a continue token back.
 *
 * @throws AppError `REQUEST_MALFORMED` when it is not one of ours, was changed, or belongs to another kind or selection
 */
export function readContinueToken(kind: KindName, selection: Selection, token: string): Continuation {
  const bytes = Buffer.from(token, 'base64url')
  // Decoding skips what is not base64url; a token that reads otherwise when written back was changed.
  if (bytes.toString('base64url') !== token) throw malformed()
  const text = bytes.toString()
  const payload = text.slice(CHECKSUM_LENGTH)
  if (text.slice(0, CHECKSUM_LENGTH) !== checksum(kind, selection, payload)) throw malformed()
  return parsePayload(payload)
}

function parsePayload(payload: string): Continuation {
  const parts: unknown = JSON.parse(payload)
  if (!Array.isArray(parts) || parts[0] !== FORMAT) throw malformed()
  const [, version, namespace, name] = parts as readonly unknown[]
  if (typeof version !== 'number' || typeof namespace !== 'string' || typeof name !== 'string') {
    throw malformed()
  }
  return { version, namespace, name }
}

// Against mistakes, not against forgery: a token gives nothing that its bearer could not list from the start.
function checksum(kind: KindName, selection: Selection, payload: string): string {
  const { namespace = '', labelSelector = '', fieldSelector = '' } = selection
  const bound = JSON.stringify([kind, namespace, labelSelector, fieldSelector, payload])
  return createHash('sha256').update(bound).digest('hex').slice(0, CHECKSUM_LENGTH)
}

function malformed(): AppError {
  return new AppError(
    'REQUEST_MALFORMED',
    'the continue token does not belong to this list; list again without it',
  )
}
