import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { backoffDelay, RECONNECT, REFUSED } from '#agent/backoff.ts'
import { listFromProc, parsePs, processLister } from '#agent/processes.ts'
import { countSessions } from '#agent/sessions.ts'
import { aFolder } from '#test/support/command-devices.ts'

describe('the list of processes', () => {
  it.each([
    ['a program', 'codex', 'codex', 'codex\0login\0', 'codex'],
    ['a script of an interpreter', 'claude', 'node', '/usr/bin/node\0/opt/bin/claude\0--secret\0', 'claude'],
    ['an interpreter with an option', 'node', 'node', 'node\0-e\0claude()\0', 'node'],
    [
      'a name longer than Linux keeps',
      'long',
      'a-very-long-nam',
      '/bin/a-very-long-name\0',
      'a-very-long-name',
    ],
    ['a name with a bracket and spaces', 'odd', 'x) (y 1', 'x\0', 'x) (y 1'],
  ])('names %s', (...[, , comm, commandLine, name]) => {
    using proc = aFolder()
    aProcess(proc.path, { pid: 7, comm, commandLine })
    mkdirSync(join(proc.path, 'sys'))
    mkdirSync(join(proc.path, '8'))

    expect(listFromProc(proc.path)).toEqual([{ pid: 7, parentPid: 3, name }])
  })

  it('is not known where there is no such folder', () => {
    expect(listFromProc('/nowhere')).toBeNull()
  })

  it('holds a process that was really started', async () => {
    using folder = aFolder()
    const child = spawn(process.execPath, ['-e', 'process.stdout.write("x"); setInterval(() => {}, 1e6)'], {
      argv0: 'node',
      cwd: folder.path,
    })
    await once(child.stdout, 'data')
    const found = await processLister(process.platform)()
    child.kill('SIGKILL')

    expect(found).toContainEqual(expect.objectContaining({ pid: child.pid, parentPid: process.pid }))
  })

  it('is read from what ps prints', () => {
    const text = '  501     1 /Applications/Codex App/codex\n 502   501 codex\nnonsense\n'

    expect(parsePs(text)).toEqual([
      { pid: 501, parentPid: 1, name: 'codex' },
      { pid: 502, parentPid: 501, name: 'codex' },
    ])
  })
})

describe('sessions', () => {
  it('are counted once however many processes each has', () => {
    const codex = (pid: number, parentPid: number) => ({ pid, parentPid, name: 'codex' })

    expect(countSessions([codex(2, 1), codex(3, 2), codex(4, 3), codex(9, 1)], 'codex')).toBe(2)
    expect(countSessions([codex(2, 1)], 'claude')).toBe(0)
  })
})

describe('the delay before another attempt', () => {
  it('is anything up to a limit that doubles until it is long enough', () => {
    const limits = [0, 1, 2, 4, 5, 60, 5000].map((attempt) => backoffDelay(RECONNECT, attempt, () => 1))

    expect(limits).toEqual([1000, 2000, 4000, 16_000, 30_000, 30_000, 30_000])
    expect(backoffDelay(RECONNECT, 9, () => 0)).toBe(0)
    expect(backoffDelay(REFUSED, 0, () => 0.5)).toBe(15_000)
  })
})

interface AProcess {
  readonly pid: number
  readonly comm: string
  readonly commandLine: string
}

function aProcess(proc: string, { pid, comm, commandLine }: AProcess): void {
  const folder = join(proc, String(pid))
  mkdirSync(folder)
  writeFileSync(join(folder, 'stat'), `${pid} (${comm}) S 3 1 1 0 -1`)
  writeFileSync(join(folder, 'cmdline'), commandLine)
}
