import { expect, it } from 'vitest'

import { toSentence } from '#core/sentence.ts'

it.each([
  ['expected JSON', 'Expected JSON.'],
  [' it ends with a stop. ', 'It ends with a stop.'],
  ['spec.auth: expected an object', 'spec.auth: expected an object.'],
  ['UserRuntimeConfig does not open', 'UserRuntimeConfig does not open.'],
  ['damaged', 'Damaged.'],
])('makes a sentence of %j', (words, sentence) => {
  expect(toSentence(words)).toBe(sentence)
})
