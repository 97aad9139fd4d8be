import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { requireFolderOrNothing } from '#cli/data-folder.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-folder-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

it.each([0o700, 0o755, 0o770, 0o2775])('takes a folder of mode %o: its files are closed', async (mode) => {
  chmodSync(folder, mode)
  await expect(requireFolderOrNothing(folder)).resolves.toBeUndefined()
})

it.each([
  [0o777, '0777'],
  [0o1777, '1777'],
  [0o702, '0702'],
])('refuses a folder of mode %o, where anybody could put a signing key', async (mode, shown) => {
  chmodSync(folder, mode)
  await expect(requireFolderOrNothing(folder)).rejects.toMatchObject({
    code: 'SETTING_INVALID',
    message: `data: expected a folder that others cannot change, got mode ${shown}; run: chmod 700 ${JSON.stringify(folder)}`,
  })
})

it('takes a folder that is not there yet, and no file', async () => {
  await expect(requireFolderOrNothing(join(folder, 'new'))).resolves.toBeUndefined()
  writeFileSync(join(folder, 'file'), '')
  await expect(requireFolderOrNothing(join(folder, 'file'))).rejects.toMatchObject({
    code: 'SETTING_INVALID',
  })
})
