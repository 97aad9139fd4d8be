import { spawnSync } from 'node:child_process'
import { existsSync, openSync, readSync, closeSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { rulesFor } from '#layers/precedence.ts'

/** The installed CLI that tests use unless another is named. */
const INSTALLED = `${new URL('../packages/node_modules/.bin', import.meta.url).pathname}/codex`

/** A CLI to drive: a program without needs of its own, and the release it says it is. */
export interface Binary {
  readonly path: string
  readonly version: string
  /** Whether a segment of a key path may stand in quotes. */
  readonly quotesKeys: boolean
}

/**
 * Finds the program behind the name that a package installs: that is a script which starts the real one.
 *
 * @param path the script (`…/node_modules/.bin/codex`) or the program itself
 */
export function findBinary(path: string = INSTALLED): Binary {
  if (!existsSync(path)) throw new Error(`${path}: no Codex CLI there; \`npm run test:codex\` installs it`)
  const program = isProgram(path) ? path : programOf(realpathSync(path))
  const said = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout
  const version = /\d+\.\d+\.\d+\S*/u.exec(said)?.[0]
  if (version === undefined) throw new Error(`${program}: expected \`--version\` to print a version`)
  return { path: program, version, quotesKeys: rulesFor('codex', version).keyPaths === 'quoted' }
}

function programOf(script: string): string {
  const vendors = join(dirname(script), '..', '..')
  for (const name of readdirSync(vendors).filter((entry) => entry.startsWith('codex-'))) {
    const vendor = join(vendors, name, 'vendor')
    for (const target of existsSync(vendor) ? readdirSync(vendor) : []) {
      const found = ['bin', 'codex'].map((folder) => join(vendor, target, folder, 'codex')).find(existsSync)
      if (found !== undefined) return found
    }
  }
  throw new Error(`${script}: expected the package of a platform next to it`)
}

function isProgram(path: string): boolean {
  const file = openSync(path, 'r')
  const start = Buffer.alloc(4)
  readSync(file, start)
  closeSync(file)
  return start.equals(Buffer.from('\u007fELF', 'latin1'))
}
