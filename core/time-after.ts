/**
 * Gives a time of change: now, but always later than the one before. The time tells two uploads apart, so neither a fast
 * client nor a clock that was set back may make them equal.
 */
export function timeAfter(nowMs: number, before: string | undefined): string {
  const beforeMs = before === undefined ? Number.NaN : Date.parse(before)
  return new Date(Number.isNaN(beforeMs) ? nowMs : Math.max(nowMs, beforeMs + 1)).toISOString()
}
