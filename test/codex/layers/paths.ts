import type { StackFiles } from './generate.ts'
import { MANAGED_FILE, PROJECT, REQUIREMENTS_FILE, SYSTEM_FILE, USER_FILE } from './sandbox.ts'

/** Where each file of a stack lies. */
export const PATHS: Readonly<Record<keyof StackFiles, string>> = {
  user: USER_FILE,
  system: SYSTEM_FILE,
  managed: MANAGED_FILE,
  requirements: REQUIREMENTS_FILE,
  project: `${PROJECT}/.codex/config.toml`,
}
