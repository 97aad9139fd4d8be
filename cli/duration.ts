import { InvalidArgumentError } from 'commander'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const
const LONGEST_S = 10 * 365 * SECONDS.d

/** Reads a duration such as `90s`, `12h`, `7d` or `52w` as seconds. @throws InvalidArgumentError that says what was expected */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,8})([smhdw])$/.exec(text) ?? []
  const seconds = amount === undefined ? Number.NaN : Number(amount) * SECONDS[unit as keyof typeof SECONDS]
  if (seconds <= LONGEST_S) return seconds
  throw new InvalidArgumentError('Expected a duration such as 12h, 7d or 52w, at most ten years.')
}
