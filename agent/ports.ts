/**
 * Rewrites the text of an auth file so that equal documents are equal texts.
 *
 * Throws when the text is not JSON or not an object. The agent never looks at what is thrown: it may quote the text.
 */
export type NormalForm = (text: string) => string

/** Time, injected so that tests move it. */
export interface AgentClock {
  /** Epoch ms. May jump. */
  now(): number
  /** Monotonic ms; for every duration and interval. */
  monotonic(): number
  /** Runs `task` once after `delayMs`; returns how to cancel it. */
  after(delayMs: number, task: () => void): () => void
}

/** Where the agent says what happened: a constant message and fields, never a secret. */
export interface AgentLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** A running process of this user. */
export interface RunningProcess {
  readonly pid: number
  readonly parentPid: number
  /** Name of the program, or of the script an interpreter runs. */
  readonly name: string
}

/** Lists this user's processes; `null` when that is not possible here. */
export type ListProcesses = () => Promise<readonly RunningProcess[] | null>

/** What the agent is handed. */
export interface AgentPorts {
  readonly clock: AgentClock
  readonly logger: AgentLogger
  readonly normalFormOf: NormalForm
  readonly listProcesses: ListProcesses
  /** At least 0, below 1. */
  readonly random: () => number
}
