import { setImmediate } from 'node:timers/promises'

const MAX_TURNS = 100_000

/** Lets the event loop turn until something is so: what another part of the process does meanwhile, not a time. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    if (isSo()) return
    await setImmediate()
  }
  throw new Error('it never came to be so')
}
