import { LayersError, type LayersErrorCode, type TextRange } from '#layers/errors.ts'

import type { Span } from './syntax.ts'

/** What is wrong with a text, before it is known whether something before it is wrong too. */
export interface SyntaxFault extends Span {
  readonly code: LayersErrorCode
  /** What was expected and what came; never a value of the text. */
  readonly reason: string
}

/** A fault as an error with its lines and columns and the line that it is in. An empty span is a single position. */
export function syntaxError(text: string, fault: SyntaxFault): LayersError {
  return new LayersError(fault.code, fault.reason, {
    range: rangeOf(text, fault),
    excerpt: lineAt(text, fault.start),
  })
}

/** Lines and columns of a span. Columns count code points; a byte-order mark is the first column of the first line. */
export function rangeOf(text: string, span: Span): TextRange {
  const start = positionOf(text, span.start)
  const end = positionOf(text, Math.max(span.start, lastUnit(text, span.end)))
  return { line: start.line, column: start.column, endLine: end.line, endColumn: end.column }
}

/** Where the last character before an offset begins, so that the end of a range is inclusive. */
function lastUnit(text: string, end: number): number {
  const code = text.charCodeAt(end - 1)
  return code >= 0xdc00 && code <= 0xdfff ? end - 2 : end - 1
}

function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  // Behind a final line feed is still its line: an editor has no line there to show.
  const isBehindText = offset >= text.length && text.length > 0
  const anchor = isBehindText ? text.length - 1 : offset
  const lineStart = startOfLine(text, anchor)
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < lineStart; at = text.indexOf('\n', at + 1)) line += 1
  return { line, column: codePoints(text, lineStart, offset) + 1 }
}

/** A pair of surrogates is one. */
function codePoints(text: string, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count += 1
  return count
}

function lineAt(text: string, offset: number): string {
  const start = startOfLine(text, Math.min(offset, Math.max(0, text.length - 1)))
  const end = text.indexOf('\n', start)
  const line = text.slice(start, end === -1 ? text.length : end)
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

/** Offset of the first character of the line that an offset is in. */
export function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}
