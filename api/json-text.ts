import { AppError } from '#core/errors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

// A number that a JavaScript number may not give back as it was written: 1.0, 1e2, -0, sixteen digits and more.
const INEXACT = /\d[.eE]|\d{16}|-0/

/**
 * Parses a request's JSON text. Rejects with `REQUEST_MALFORMED` when it is not JSON or nests deeper than `maxDepth`: what
 * nests too deep would parse, and then end the process's stack in the first recursive function it meets.
 */
export function parseJsonText(text: string, maxDepth: number): unknown {
  requireDepth(text, maxDepth)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', 'request body must be valid JSON', { cause })
  }
}

/**
 * Parses like {@link parseJsonText}, but keeps every number as it was written: `1.0` and 23-digit integers come out of
 * `JSON.stringify` unchanged. Such a number is an opaque object here, so this is for bodies that are passed on.
 */
export function parseJsonTextExactly(text: string, maxDepth: number): unknown {
  if (!INEXACT.test(text)) return parseJsonText(text, maxDepth)
  requireDepth(text, maxDepth)
  try {
    return JSON.parse(text, keepNumber)
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', 'request body must be valid JSON', { cause })
  }
}

interface ReviverContext {
  readonly source?: string
}

// Part of the language since ES2025 (V8 11.4), not yet of the TypeScript library this project targets.
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => object }

function keepNumber(_key: string, value: unknown, context?: ReviverContext): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return String(value) === context.source ? value : rawJSON(context.source)
}

function requireDepth(text: string, maxDepth: number): void {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (isOpening(code)) depth += 1
    else if (isClosing(code)) depth -= 1
    if (depth > maxDepth) {
      throw new AppError('REQUEST_MALFORMED', `request body must not nest deeper than ${maxDepth} levels`)
    }
  }
}

function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b
}

function isClosing(code: number): boolean {
  return code === 0x5d || code === 0x7d
}

// `indexOf` runs over a string's inside at memory speed; an auth document is one long string of half a megabyte.
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1
    if (escapes % 2 === 0) return end
  }
  return text.length
}
