import { COMMAND_ENV, parseNumberText } from '#protocol/command-env.ts'

import type { CommandEnv } from './auth-file-commands.ts'
import type { AgentClock } from './ports.ts'

/**
 * Tells commands of the present registration from late ones.
 *
 * Each registration draws a larger number, and a server that says it back puts it into every command. What an earlier
 * connection asked for, and was still waiting here or on its way, then no longer counts.
 */
export class Fence {
  readonly #clock: Pick<AgentClock, 'now'>
  #last = 0
  /** `null`: there is no registration. */
  #current: number | null = null
  #isSaidBack = false

  constructor(clock: Pick<AgentClock, 'now'>) {
    this.#clock = clock
  }

  /** Gives the number of a new registration: larger than any before, epoch ms to begin with. */
  draw(): number {
    this.#last = Math.max(this.#last + 1, this.#clock.now())
    this.#current = this.#last
    this.#isSaidBack = false
    return this.#last
  }

  /** Takes what the server answered to the registration; an older one answers no number, and its commands have none. */
  confirm(saidBack: number | undefined): void {
    this.#isSaidBack = saidBack === this.#current
  }

  /** The registration is over: nothing that it was asked for counts any more. */
  retire(): void {
    this.#current = null
  }

  /** Tells whether a command is of the present registration. Asked when it is its turn, not when it arrives. */
  admits(env: CommandEnv): boolean {
    const text = env[COMMAND_ENV.fence]
    if (text === undefined) return !this.#isSaidBack
    return this.#current !== null && parseNumberText(text) === this.#current
  }
}
