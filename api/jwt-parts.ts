/** Reads the header (0) or the claims (1) of what looks like a JWT; nothing of it is proven. `undefined` for anything else. */
export function readJwtPart(token: string, index: 0 | 1): Readonly<Record<string, unknown>> | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  try {
    const read: unknown = JSON.parse(Buffer.from(parts[index] ?? '', 'base64url').toString('utf8'))
    return typeof read === 'object' && read !== null ? { ...read } : undefined
  } catch {
    return undefined
  }
}
