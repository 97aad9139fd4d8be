import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Cut } from './faults.ts'

const LINE_FEED = 0x0a

interface CutOff {
  readonly answer: ServerResponse
  /** Resets the connection of the answer. */
  readonly reset: () => void
  readonly fault: { readonly lines: number; readonly how: Cut }
}

/**
 * Gives so many whole lines of an answer, then ends it. What a server answers in one piece has one line: of that, half is given.
 * A stream whose lines never come is left alone.
 */
export function cutAnswer(response: IncomingMessage, { answer, reset, fault: { lines, how } }: CutOff): void {
  let left = lines
  let isOver = false
  response.on('data', (chunk: Buffer) => {
    if (isOver) return
    const end = endOfLines(chunk, left)
    left -= countLines(chunk.subarray(0, end))
    answer.write(chunk.subarray(0, end))
    // The middle of a line is only there when the next one comes.
    if (left > 0 || (end === chunk.length && how === 'truncate')) return
    isOver = true
    if (how === 'end') answer.end()
    if (how === 'reset') reset()
    if (how === 'truncate') answer.write(half(chunk.subarray(end)), () => answer.destroy())
  })
  response.on('end', () => {
    if (!isOver) answer.end()
  })
  response.on('error', () => answer.destroy())
  answer.flushHeaders()
}

function half(rest: Buffer): Buffer {
  return rest.subarray(0, Math.ceil(rest.length / 2))
}

/** Where the first `count` lines of a chunk end. */
function endOfLines(chunk: Buffer, count: number): number {
  let end = 0
  for (let line = 0; line < count; line += 1) {
    const at = chunk.indexOf(LINE_FEED, end)
    if (at === -1) return chunk.length
    end = at + 1
  }
  return end
}

function countLines(chunk: Buffer): number {
  let count = 0
  for (const byte of chunk) if (byte === LINE_FEED) count += 1
  return count
}
