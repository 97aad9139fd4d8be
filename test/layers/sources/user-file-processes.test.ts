import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { describe, expect, it, onTestFinished } from 'vitest'

import { readToml } from '#layers/toml/read.ts'
import { isTable, type TomlTable } from '#layers/value.ts'

import { aSandbox, type Sandbox } from './sandbox.ts'

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))

function startWriter(
  { userFile }: Pick<Sandbox, 'userFile'>,
  ...args: readonly string[]
): ChildProcessByStdio<null, Readable, null> {
  const child = spawn(process.execPath, [WRITER, userFile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

async function linesOf(child: ChildProcessByStdio<null, Readable, null>): Promise<readonly string[]> {
  return (await text(child.stdout)).split('\n').filter((line) => line !== '')
}

async function tableIn(
  { userFile }: Sandbox,
  name: string,
): Promise<readonly (readonly [string, unknown])[]> {
  const table: ReturnType<TomlTable['get']> = readToml(await readFile(userFile, 'utf8')).get(name)
  return isTable(table) ? [...table] : []
}

function keysTo(count: number): readonly (readonly [string, bigint])[] {
  return Array.from({ length: count }, (_, index) => [`k${String(index + 1)}`, BigInt(index + 1)] as const)
}

describe('several processes that write one user file', () => {
  it('lose nothing', { timeout: 120_000 }, async () => {
    const sandbox = await aSandbox({ user: '# mine\nx = 1\n' })
    const writers = ['a', 'b'].map((table) => startWriter(sandbox, table, '100'))
    const lines = await Promise.all(writers.map(linesOf))
    expect(lines.map((written) => written.at(-1))).toEqual(['100', '100'])
    expect([await tableIn(sandbox, 'a'), await tableIn(sandbox, 'b')]).toEqual([keysTo(100), keysTo(100)])
    expect(await readFile(sandbox.userFile, 'utf8')).toMatch(/^# mine\nx = 1\n/)
    expect(await readdir(dirname(sandbox.userFile))).toEqual(['.config.toml.lock', 'config.toml'])
  })

  it('cannot both build on the same version', { timeout: 60_000 }, async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const version = (await sandbox.load()).userLayer()?.version ?? ''
    const writers = ['a', 'b'].map((table) => startWriter(sandbox, table, '1', version))
    const lines = (await Promise.all(writers.map(linesOf))).flat()
    expect(lines.toSorted()).toEqual(['1', 'configVersionConflict'])
  })

  it('leave the old or the new file wherever they are killed', { timeout: 240_000 }, async () => {
    const sandbox = await aSandbox({ user: 'x = 1\n' })
    const folder = dirname(sandbox.userFile)
    for (let round = 1; round <= 50; round += 1) {
      const table = `r${String(round)}`
      const written = await killAfter(round % 13, folder, startWriter(sandbox, table, '1000'))
      const found = await tableIn(sandbox, table)
      // Its last line may have been lost with the process, the write that it told of cannot.
      expect([keysTo(written), keysTo(written + 1)]).toContainEqual(found)
    }
    expect(await linesOf(startWriter(sandbox, 'last', '1'))).toEqual(['1'])
    expect(await readdir(folder)).toEqual(['.config.toml.lock', 'config.toml'])
  })
})

/** Kills a writer at the next change that it makes to its folder after so many of them. Returns how many writes it told of. */
async function killAfter(
  changes: number,
  folder: string,
  writer: ChildProcessByStdio<null, Readable, null>,
): Promise<number> {
  let seen = 0
  const watcher = watch(folder, () => {
    seen += 1
    if (seen > changes) writer.kill('SIGKILL')
  })
  try {
    const [lines, [, signal]] = await Promise.all([linesOf(writer), once(writer, 'exit')])
    expect(signal).toBe('SIGKILL')
    return lines.length
  } finally {
    watcher.close()
  }
}
