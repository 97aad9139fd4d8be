import { existsSync } from 'node:fs'

/** Whose files the agent looks after. */
export interface Home {
  /** Absolute; links in it are resolved at each use. */
  readonly folder: string
  /** For the variables that move a CLI's folder (`CODEX_HOME`). */
  readonly environment: Readonly<Record<string, string | undefined>>
  /**
   * How names in an open folder are reached. `proc`: through the handle (`/proc/self/fd`), so that a swapped parent does not
   * matter. `path`: by path, comparing device and inode before and after each step, where there is no such thing (macOS).
   */
  readonly handles: 'proc' | 'path'
}

/** Makes the {@link Home} of a machine as it is. */
export function openHome(folder: string, environment: Home['environment']): Home {
  return { folder, environment, handles: existsSync('/proc/self/fd') ? 'proc' : 'path' }
}
