import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readLines } from '#store/kubernetes/lines.ts'

async function* inChunks(text: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let turn = 0; at < text.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    yield text.subarray(at, at + size)
    at += size
  }
}

async function linesOf(
  text: string,
  sizes: readonly number[] = [7],
  max?: number,
): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const line of readLines(inChunks(Buffer.from(text), sizes), max)) lines.push(line)
  return lines
}

describe('readLines', () => {
  it.each([
    ['nothing', '', []],
    ['one line', 'a\n', ['a']],
    ['a rest without a line feed', 'a\nb', ['a', 'b']],
    ['an empty line', 'a\n\nb\n', ['a', '', 'b']],
    ['letters of several bytes', 'äöü\n😀\n', ['äöü', '😀']],
  ])('gives %s', async (_what, text, expected) => {
    for (const size of [1, 2, 3, 100]) expect(await linesOf(text, [size])).toEqual(expected)
  })

  it('gives the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''))),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }),
        async (lines, sizes) => {
          expect(await linesOf(lines.map((line) => `${line}\n`).join(''), sizes)).toEqual(lines)
        },
      ),
    )
  })

  it('takes a line that is longer than any object for a broken stream', async () => {
    expect(await linesOf('x'.repeat(1000) + '\n', [100], 1000)).toHaveLength(1)
    await expect(linesOf('x'.repeat(1100), [100], 1000)).rejects.toMatchObject({ code: 'EXPIRED' })
  })
})
