import { PassThrough } from 'node:stream'

import { expect, it } from 'vitest'

import { confirm } from '#cli/layers/editor.ts'

it.each([
  ['y\n', false, true],
  ['YES\n', false, true],
  [' y \n', false, true],
  ['n\n', true, false],
  ['yellow\n', false, false],
  ['\n', true, true],
  ['\n', false, false],
  ['', true, false],
])('takes %j for an answer, where an empty one is %s, as %s', async (...[typed, fallback, answer]) => {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  stdin.end(typed)
  expect(await confirm('save?', fallback, { stdin, stderr })).toBe(answer)
})
