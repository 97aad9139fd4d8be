import { badRequest } from './command-failure.ts'

/**
 * Makes sure that bytes are the text of a JSON object, and gives the text.
 *
 * @throws CommandFailure 64; the message names a place in the text, never a piece of it
 */
export function checkDocument(bytes: Buffer, what: string): string {
  const text = decode(bytes)
  if (text === null) throw badRequest(`${what} is not valid JSON: not UTF-8 text`)
  const value = parse(text, what)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest(`${what} must be a JSON object`)
  }
  return text
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

// The parser's own message quotes the text around the mistake, which may be a secret: only the place is passed on.
function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const place = /\(line \d+ column \d+\)/.exec(error instanceof Error ? error.message : '')?.[0]
    throw badRequest(
      `${what} is not valid JSON: unexpected text or end${place === undefined ? '' : ` ${place}`}`,
    )
  }
}
