import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
} from 'node:fs'
import { join } from 'node:path'

import { badRequest, PATH_TEXTS, systemCodeOf } from './command-failure.ts'
import type { Home } from './home.ts'
import { resolveLinks } from './links.ts'

const FOLDER_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

interface Step {
  readonly path: string
  readonly handle: number
}

/**
 * A folder below the home directory, held open, with every folder on the way to it.
 *
 * Reached one name at a time without following links, so that a parent swapped for a link in between is noticed.
 */
export class Folder {
  readonly #handles: Home['handles']
  readonly #steps: Step[] = []

  private constructor(handles: Home['handles']) {
    this.#handles = handles
  }

  /**
   * Goes down from the home directory. With `create`, missing folders are made with mode 0700; without, a missing one
   * throws `ENOENT`.
   *
   * @throws CommandFailure when a link turned up on the way
   */
  static open(home: Home, names: readonly string[], { create }: { readonly create: boolean }): Folder {
    const folder = new Folder(home.handles)
    try {
      folder.#enter(resolveLinks(home.folder).path, null)
      for (const name of names) folder.#goDown(name, create)
      return folder
    } catch (error) {
      folder.close()
      throw error
    }
  }

  /** The path by which a name in this folder is reached right now. */
  at(name: string): string {
    const { path, handle } = this.#last
    return join(this.#handles === 'proc' ? `/proc/self/fd/${handle}` : path, name)
  }

  /** The path by which the folder itself is listed. */
  get path(): string {
    return this.at('.')
  }

  /**
   * Makes sure that {@link at} still means this folder. Asked before and after each change where handles cannot be used as
   * paths.
   *
   * @throws CommandFailure when a folder on the way is another one by now
   */
  confirm(): void {
    if (this.#handles === 'proc') return
    const isSame = ({ path, handle }: Step) => isSameFile(statLink(path), fstatSync(handle, { bigint: true }))
    if (!this.#steps.every(isSame)) throw badRequest(PATH_TEXTS.leaves)
  }

  /** Makes changes of names in this folder survive a power failure. */
  sync(): void {
    syncFolder(this.#last.handle)
  }

  close(): void {
    for (const { handle } of this.#steps.splice(0)) closeSync(handle)
  }

  get #last(): Step {
    const step = this.#steps.at(-1)
    if (step === undefined) throw new Error('the folder is closed')
    return step
  }

  #goDown(name: string, create: boolean): void {
    const { path } = this.#last
    const reached = this.at(name)
    try {
      this.#enter(join(path, name), reached)
    } catch (error) {
      if (isLink(reached)) throw badRequest(PATH_TEXTS.leaves)
      if (!create || systemCodeOf(error) !== 'ENOENT') throw error
      this.#make(name)
    }
    this.confirm()
  }

  #make(name: string): void {
    const parent = this.#last
    const reached = this.at(name)
    const isNew = makeFolder(reached)
    if (isLink(reached)) throw badRequest(PATH_TEXTS.leaves)
    this.#enter(join(parent.path, name), reached)
    if (!isNew) return
    // The mode given at creation is narrowed by the umask; here it is what it says.
    fchmodSync(this.#last.handle, 0o700)
    syncFolder(parent.handle)
  }

  #enter(path: string, reached: string | null): void {
    this.#steps.push({ path, handle: openSync(reached ?? path, FOLDER_FLAGS) })
  }
}

function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 })
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  }
}

// Some file systems cannot sync a folder; there is nothing better to do on them.
function syncFolder(handle: number): void {
  try {
    fsyncSync(handle)
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(systemCodeOf(error) ?? '')) throw error
  }
}

function isLink(path: string): boolean {
  return statLink(path)?.isSymbolicLink() === true
}

/** Gives what is known of a name itself, not of what it links to; `undefined` when it is not there. */
export function statLink(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

/** Tells whether two looks saw the same file, whatever happened to its content. */
export function isSameFile(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino
}
