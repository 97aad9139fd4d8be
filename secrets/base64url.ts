/**
 * Tells whether a text is base64url exactly as an encoder writes it.
 *
 * Decoders ignore the spare bits of the last character and characters outside the alphabet, so without this check a changed text
 * could still decode to the same bytes.
 */
export function isCanonicalBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}
