import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from './markdown.ts'

/** Reads one source file. Path from the root of the repository. */
export function readSource(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Reads every source file below a folder, one after the other. */
export function readSources(folder: string, extension = '.ts'): string {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !name.includes('.generated.'))
    .toSorted()
    .map((name) => readSource(join(folder, name)))
    .join('\n')
}

/** A text with what varies in it as `…`: template holes and the percent signs of Python. */
export function withEllipses(text: string): string {
  return text.replaceAll(/\$\{[^}]*(?:\}|$)|%[sd]/g, '…')
}

/** Matches what a text with `…` can become. */
export function patternOf(text: string): RegExp {
  const parts = text.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}
