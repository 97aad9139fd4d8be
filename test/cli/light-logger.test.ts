import { PassThrough } from 'node:stream'

import { expect, it } from 'vitest'

import { createLightLogger } from '#cli/light-logger.ts'

function linesOf(format: 'json' | 'pretty', fields: object): string {
  const stream = new PassThrough()
  const logger = createLightLogger({
    level: 'info',
    format,
    stream: stream as unknown as NodeJS.WriteStream,
    now: () => Date.UTC(2026, 10, 21, 10),
  })
  logger.warn(fields, 'not connected')
  return String(stream.read())
}

it('writes a line for people', () => {
  expect(linesOf('pretty', { reason: 'gone', tries: [1, 2] })).toBe(
    '10:00:00 WARN  not connected reason=gone tries=[1,2]\n',
  )
})

it.each([
  ['a line of its own', 'x\n10:00:00 ERROR all is lost', String.raw`x\u000a10:00:00 ERROR all is lost`],
  ['a command to the terminal', '\u001b]0;x\u0007\u009b2J', String.raw`\u001b]0;x\u0007\u009b2J`],
  ['a line separator', 'x\u2028y', String.raw`x\u2028y`],
])('lets nobody put %s into a line for people', (_what, reason, shown) => {
  expect(linesOf('pretty', { reason })).toBe(`10:00:00 WARN  not connected reason=${shown}\n`)
})

it('writes JSON that says the same', () => {
  expect(JSON.parse(linesOf('json', { reason: 'x\ny' }))).toEqual({
    level: 40,
    time: '2026-11-21T10:00:00.000Z',
    reason: 'x\ny',
    msg: 'not connected',
  })
})
