import { join } from 'node:path'

import { COMMAND_EXIT } from '#protocol/command-env.ts'

import { badRequest, CommandFailure, PATH_TEXTS } from './command-failure.ts'
import type { Home } from './home.ts'
import { resolveLinks } from './links.ts'

/** A runtime's auth file, as the server names it. */
export interface Target {
  /** Starts with `~/`. */
  readonly targetPath: string
  /** The CLI's own variable that moves the folder of the file; `null`: it has none. */
  readonly homeVariable: string | null
}

/** Where a target is on this device. */
export interface Location {
  /** Absolute, links not resolved. */
  readonly folder: string
  readonly name: string
  /** The `~/` form, for people. */
  readonly shownPath: string
}

const MAX_PATH_BYTES = 4096
const MAX_NAME_BYTES = 255
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/

/**
 * Splits a `~/` path into names, at least one. Empty segments and `.` count for nothing.
 *
 * @throws CommandFailure when it does not start with `~/`, names nothing below it, holds `..` or is too long
 */
export function parseTargetPath(targetPath: string): readonly string[] {
  if (!targetPath.startsWith('~/')) throw badRequest(PATH_TEXTS.outside)
  const names = targetPath
    .slice(2)
    .split('/')
    .filter((name) => name !== '' && name !== '.')
  if (names.length === 0) throw badRequest(PATH_TEXTS.outside)
  if (names.includes('..')) throw badRequest(PATH_TEXTS.leaves)
  if (targetPath.includes('\0')) throw badRequest('target path must not contain a zero character')
  const isTooLong = (text: string, limit: number) => Buffer.byteLength(text) > limit
  if (isTooLong(targetPath, MAX_PATH_BYTES) || names.some((name) => isTooLong(name, MAX_NAME_BYTES))) {
    throw badRequest(PATH_TEXTS.tooLong)
  }
  return names
}

/**
 * Finds a target on this device: below the home directory, or in the folder the CLI's own variable names.
 *
 * Heartbeat and commands both ask here, so they always mean the same file.
 *
 * @throws CommandFailure when the path is not allowed; the value of the variable is in no message
 */
export function locate(home: Home, target: Target): Location {
  const names = parseTargetPath(target.targetPath)
  const name = names[names.length - 1] ?? ''
  const moved = movedFolder(home, target.homeVariable)
  if (moved === null) {
    const shownPath = `~/${names.join('/')}`
    return { folder: join(home.folder, ...names.slice(0, -1)), name, shownPath }
  }
  return { folder: moved, name, shownPath: `~/${[...namesInside(home, moved), name].join('/')}` }
}

// An empty variable is one that is not set: the CLIs read it the same way.
function movedFolder(home: Home, variable: string | null): string | null {
  if (variable === null || variable === '') return null
  if (!VARIABLE.test(variable)) throw badRequest('home variable is not a name of an environment variable')
  const moved = home.environment[variable] ?? ''
  if (moved === '') return null
  if (!moved.startsWith('/') || moved.includes('\0')) {
    throw badRequest(`${variable} must be an absolute path`)
  }
  return moved
}

/**
 * Gives the names below the home directory that an absolute path comes to once all links are resolved.
 *
 * @throws CommandFailure when that is outside, or a link on the way leads nowhere
 */
export function namesInside(home: Home, path: string): readonly string[] {
  const root = resolveLinks(home.folder).path
  const resolved = resolveLinks(path)
  const below = root === '/' ? '/' : `${root}/`
  if (`${resolved.path}/` !== below && !resolved.path.startsWith(below)) throw badRequest(PATH_TEXTS.leaves)
  // Mostly a volume that is not mounted: nothing may be made in its place.
  if (resolved.isBroken) {
    throw new CommandFailure(COMMAND_EXIT.ioFailed, 'a folder of the target path is a broken link')
  }
  return resolved.path
    .slice(below.length)
    .split('/')
    .filter((name) => name !== '')
}
