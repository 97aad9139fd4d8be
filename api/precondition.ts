import { AppError } from '#core/errors.ts'

/** The versions a caller is willing to change: `null` for any, an empty list for none that can exist. */
export type IfMatch = readonly string[] | null

const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g

/**
 * Reads an `If-Match` header. Absent is `null`; `*` is `null` too, because every resource here has a representation.
 * A weak tag never matches (RFC 9110 asks for the strong comparison), so it is left out.
 */
export function parseIfMatch(header: string | undefined): IfMatch {
  if (header === undefined || header.trim() === '*') return null
  return (header.match(ENTITY_TAG) ?? []).filter((tag) => !tag.startsWith('W/'))
}

/** Refuses with `PRECONDITION_FAILED` unless the caller's `If-Match` names this version. */
export function requireMatch(ifMatch: IfMatch, etag: string): void {
  if (ifMatch === null || ifMatch.includes(etag)) return
  throw new AppError(
    'PRECONDITION_FAILED',
    'the resource changed since the version in If-Match; read it again and repeat the change',
  )
}

/** Tells whether an `If-None-Match` header names this version (weak comparison), so that a GET may answer 304. */
export function isNotModified(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return (header.match(ENTITY_TAG) ?? []).some((tag) => tag.replace(/^W\//, '') === etag)
}
