import type { RunningProcess } from './ports.ts'

/**
 * Counts the running sessions of a CLI.
 *
 * A process started by another one of the same name is a part of that session: a launcher and the program it starts are one.
 */
export function countSessions(processes: readonly RunningProcess[], processName: string): number {
  const named = processes.filter(({ name }) => name === processName)
  const pids = new Set(named.map(({ pid }) => pid))
  return named.filter(({ parentPid }) => !pids.has(parentPid)).length
}
