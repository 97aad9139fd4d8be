import type { ProbeAnswer } from '#protocol/command-answer.ts'

/** How far a try of a proxy came, and in one sentence why no further. */
export class ProbeFailure extends Error {
  override readonly name = 'ProbeFailure'
  readonly found: Partial<ProbeAnswer>

  constructor(message: string, found: Partial<ProbeAnswer>) {
    super(message)
    this.found = found
  }
}
