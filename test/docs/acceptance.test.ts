import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

// The numbers of the acceptance cases for users, devices and execution: eighty in all.
const CASES = [
  '01 02 03 05 06 07 08', // reading status
  '10 11 12 14 15 16 18 19 21 22 23 25', // upload
  '26 27 29 30 31 33', // preferences
  '35 36 37 39 40 41 43 44 45 47 48', // proxy config
  '49 51 52', // encryption
  '54 55 56 58 59 60 62 63 64 65 67 68 69', // heartbeat to sync
  '71 72 73 74 76', // device rules
  '77 78 79 80', // import from a device
  '82 83 84 85 86', // execution requests
  '87 88 89', // proxy environment
  '90 91 92 93 94 95 96 97 98', // socket protocol
  '99 100', // declarative surface
].flatMap((line) => line.split(' '))

const TESTS = new URL('..', import.meta.url).pathname

it('has a test that carries the number of each of the eighty acceptance cases', async () => {
  const names = (await readdir(TESTS, { recursive: true })).filter(
    (name) => name.endsWith('.test.ts') && !name.includes('node_modules'),
  )
  const texts = await Promise.all(names.map((name) => readFile(join(TESTS, name), 'utf8')))
  const numbered = new Set(
    texts.flatMap((text) => [...text.matchAll(/(?:^|['"`(])(\d{2,3}): /gm)].map(([, number]) => number)),
  )
  expect([CASES.length, CASES.filter((number) => !numbered.has(number))]).toEqual([80, []])
})
