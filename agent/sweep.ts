import { CommandFailure, systemCodeOf } from './command-failure.ts'
import { Folder } from './folder.ts'
import type { Home } from './home.ts'
import { locate, namesInside, type Target } from './target-path.ts'
import { sweepTemporaryFiles } from './temporary-file.ts'

/** Removes temporary files that killed writers left beside these targets. Returns how many; what cannot be looked at is left. */
export function sweepTargets(home: Home, targets: readonly Target[]): number {
  return targets.reduce((count, target) => count + sweepTarget(home, target), 0)
}

function sweepTarget(home: Home, target: Target): number {
  try {
    const folder = Folder.open(home, namesInside(home, locate(home, target).folder), { create: false })
    try {
      return sweepTemporaryFiles(folder)
    } finally {
      folder.close()
    }
  } catch (error) {
    if (error instanceof CommandFailure || systemCodeOf(error) !== null) return 0
    throw error
  }
}
