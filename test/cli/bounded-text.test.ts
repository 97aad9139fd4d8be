import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { readBoundedText } from '#cli/bounded-text.ts'

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

it('gives any text back, wherever it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 7 }), async (text, size) => {
      const bytes = Buffer.from(text)
      expect(await readBoundedText(chunksOf(bytes, size), bytes.length)).toEqual({ text })
    }),
  )
})

it('keeps a byte order mark, which is not its to judge', async () => {
  expect(await readBoundedText(chunksOf(Buffer.from('\uFEFF{}'), 2), 9)).toEqual({ text: '\uFEFF{}' })
})

it('refuses bytes that are no text instead of replacing them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.constantFrom(0x80, 0xc0, 0xfe, 0xff), async (text, byte) => {
      const bytes = Buffer.concat([Buffer.from(text), Buffer.from([byte]), Buffer.from(text)])
      expect(await readBoundedText(chunksOf(bytes, 3), 9999)).toEqual({ unfit: 'not-utf8' })
    }),
  )
})

it('stops at the limit, however much there would be', async () => {
  let taken = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken += 10
      yield new Uint8Array(10)
    }
  }
  expect([await readBoundedText(endless(), 95), taken]).toEqual([{ unfit: 'too-large' }, 100])
})
