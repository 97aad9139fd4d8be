import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { COMMAND_ENV } from '#protocol/command-env.ts'
import { aCommandEnv, aFolder, COMMAND_DEVICES } from '#test/support/command-devices.ts'

const WITHOUT_HANDLES = 'our agent without /proc'
const ROUNDS = 20

// Turns `deep` from a folder into a link that leads outside and back, as fast as it can.
const SWAPPER = `
  const fs = require('node:fs')
  const [folder, link] = process.argv.slice(1)
  process.stdout.write('ready')
  for (let turn = 0; ; turn += 1) {
    try { fs.renameSync(folder, folder + '.away') } catch {}
    try { fs.symlinkSync(link, folder) } catch {}
    try { fs.unlinkSync(folder) } catch {}
    try { fs.renameSync(folder + '.away', folder) } catch {}
  }
`

it.each(COMMAND_DEVICES)(
  '%s never writes anything outside while a parent is swapped for a link',
  async (title, device) => {
    using root = aFolder()
    const [home, outside] = [join(root.path, 'home'), join(root.path, 'outside')]
    mkdirSync(join(home, 'a/deep/b'), { recursive: true })
    mkdirSync(join(outside, 'b'), { recursive: true })
    const swapper = spawn(process.execPath, ['-e', SWAPPER, join(home, 'a/deep'), outside])
    await once(swapper.stdout, 'data')

    const exitCodes = new Set<number | null>()
    for (let round = 0; round < ROUNDS; round += 1) {
      const env = aCommandEnv({ [COMMAND_ENV.targetPath]: `~/a/deep/b/${round}.json` })
      exitCodes.add((await device({ home, key: 'sync_runtime_auth_file', env })).exitCode)
    }
    swapper.kill('SIGKILL')
    await once(swapper, 'close')

    expect([0, 64, 74]).toEqual(expect.arrayContaining([...exitCodes]))
    // By path alone, an empty temporary file is the most that can end up elsewhere; its content cannot.
    expect(filesIn(outside).filter((path) => title !== WITHOUT_HANDLES || statSync(path).size > 0)).toEqual(
      [],
    )
    const complete = filesIn(home).filter((path) => path.endsWith('.json'))
    expect(complete.map((path) => readFileSync(path, 'utf8'))).toEqual(
      complete.map(() => '{"token":"secret"}\n'),
    )
  },
)

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
