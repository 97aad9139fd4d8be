import { lstatSync, readlinkSync, statSync } from 'node:fs'

import { systemCodeOf } from './command-failure.ts'

const MAX_LINKS = 40

/** A path with every link followed as far as it exists. */
export interface ResolvedPath {
  readonly path: string
  /** A link on the way leads to nowhere, or in circles. */
  readonly isBroken: boolean
}

/** Follows all links of an absolute path; what does not exist (yet) is taken as it is written. */
export function resolveLinks(path: string): ResolvedPath {
  let walk: Walk = { done: [], pending: namesOf(path), links: 0 }
  while (walk.pending.length > 0) {
    if (walk.links > MAX_LINKS) return { path: pathOf(walk.done), isBroken: true }
    walk = step(walk)
  }
  return { path: pathOf(walk.done), isBroken: hasBrokenLink(path) }
}

interface Walk {
  readonly done: readonly string[]
  readonly pending: readonly string[]
  readonly links: number
}

function step({ done, pending: [name = '', ...rest], links }: Walk): Walk {
  if (name === '..') return { done: done.slice(0, -1), pending: rest, links }
  const here = [...done, name]
  const target = readLink(pathOf(here))
  if (target === null) return { done: here, pending: rest, links }
  return {
    done: target.startsWith('/') ? [] : done,
    pending: [...namesOf(target), ...rest],
    links: links + 1,
  }
}

function hasBrokenLink(path: string): boolean {
  const names = namesOf(path)
  const firstMissing = names.findIndex((_, index) => !exists(pathOf(names.slice(0, index + 1))))
  return firstMissing !== -1 && readLink(pathOf(names.slice(0, firstMissing + 1))) !== null
}

function exists(path: string): boolean {
  try {
    statSync(path)
    return true
  } catch (error) {
    if (isNowhere(error)) return false
    throw error
  }
}

function readLink(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null
  } catch (error) {
    if (isNowhere(error)) return null
    throw error
  }
}

function isNowhere(error: unknown): boolean {
  const code = systemCodeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP'
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function pathOf(names: readonly string[]): string {
  return `/${names.join('/')}`
}
