import { type BigIntStats, lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { CommandFailure, describeSystemError, systemCodeOf } from './command-failure.ts'
import type { Home } from './home.ts'
import { type Location, locate, namesInside, type Target } from './target-path.ts'

/** An auth file as it was seen, without having been opened. */
export type Sighting =
  | { readonly kind: 'absent'; readonly location: Location; readonly signature: string }
  /** Something is there: a file, a folder, a link to anywhere. */
  | {
      readonly kind: 'present'
      readonly location: Location
      readonly signature: string
      readonly stats: BigIntStats
    }
  /** Could not look, and why. */
  | { readonly kind: 'unknown'; readonly error: string; readonly signature: string }

/**
 * Looks for an auth file where {@link locate} says it is.
 *
 * `signature` changes with whatever changes about the file. Never throws for what is on the disk.
 */
export function lookFor(home: Home, target: Target): Sighting {
  try {
    const location = locate(home, target)
    // Asked for its refusal: what is outside the home directory is not even looked at.
    namesInside(home, location.folder)
    return lookAt(location)
  } catch (error) {
    const text = explain(error)
    return { kind: 'unknown', error: text, signature: `unknown ${text}` }
  }
}

function lookAt(location: Location): Sighting {
  const path = join(location.folder, location.name)
  const own = statOrNull(lstatSync, path)
  if (own === null) return { kind: 'absent', location, signature: `absent ${path}` }
  const behind = own.isSymbolicLink() ? statOrNull(statSync, path) : own
  const signature = [path, signatureOf(own), behind === null ? '' : signatureOf(behind)].join(' ')
  return { kind: 'present', location, signature, stats: behind ?? own }
}

type Stat = (path: string, options: { readonly bigint: true }) => BigIntStats

function statOrNull(stat: Stat, path: string): BigIntStats | null {
  try {
    return stat(path, { bigint: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCodeOf(error) ?? '')) return null
    throw error
  }
}

function signatureOf({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(':')
}

function explain(error: unknown): string {
  if (error instanceof CommandFailure) return error.message
  if (systemCodeOf(error) === null) throw error
  return `failed to look for runtime auth file: ${describeSystemError(error)}`
}
