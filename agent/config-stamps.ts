import { statSync } from 'node:fs'

import { systemCodeOf } from './command-failure.ts'

/** The stamp of a path where nothing is. */
export const ABSENT = 'absent'

/** A text that changes with whatever changes about a file, links followed. Never throws for what is on the disk. */
export function stampOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined) return ABSENT
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = stats
    return [dev, ino, mode, size, mtimeNs, ctimeNs].join(':')
  } catch (error) {
    return systemCodeOf(error) ?? ABSENT
  }
}
