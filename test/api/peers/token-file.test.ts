import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { openTokenFile } from '#api/peers/token-file.ts'
import { aFolder } from '#test/support/command-devices.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

it('gives the token without the line break, and a new one after a minute at the latest', async () => {
  using folder = aFolder()
  const path = join(folder.path, 'token')
  const clock = new FakeClock()
  const token = openTokenFile(path, clock)
  writeFileSync(path, 'one\n')
  expect(await token.read()).toBe('one')
  writeFileSync(path, 'two\n')
  await clock.advance(59_999)
  expect(await token.read()).toBe('one')
  await clock.advance(1)

  expect(await token.read()).toBe('two')
})

it.each([
  ['gone', (path: string) => rmSync(path)],
  ['empty', (path: string) => writeFileSync(path, '\n')],
])('keeps the token while its file is %s', async (_what, harm) => {
  using folder = aFolder()
  const path = join(folder.path, 'token')
  const clock = new FakeClock()
  const token = openTokenFile(path, clock)
  writeFileSync(path, 'one')
  await token.read()
  harm(path)
  await clock.advance(60_000)

  expect(await token.read()).toBe('one')
})

it('says which file is missing, and takes it as soon as it is there', async () => {
  using folder = aFolder()
  const path = join(folder.path, 'token')
  const token = openTokenFile(path, new FakeClock())

  await expect(token.read()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: `expected the token of this replica in ${path}; see --peer-token-file`,
  })
  writeFileSync(path, 'one')
  expect(await token.read()).toBe('one')
})
