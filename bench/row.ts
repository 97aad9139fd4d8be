/** What a row must reach: `ratio` compares with the floor of the same run, `value` is absolute. */
export interface Target {
  readonly of: 'ratio' | 'value'
  readonly bound: 'atLeast' | 'atMost'
  readonly limit: number
}

/** One measured row. */
export interface Measured {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly floor: number | null
  readonly floorName: string | null
  readonly target: Target
  /** Further figures, for whoever wants to know more. */
  readonly more: Readonly<Record<string, number | string>>
}

/** A row of the benchmark: a name to pick it by, and how to measure it. A row may give several measurements. */
export interface Row {
  readonly name: string
  run(setting: RunSetting): Promise<readonly Measured[]>
}

/** How rows are run. */
export interface RunSetting {
  readonly pinned: boolean
  readonly progress: (line: string) => void
}

/** The figure that the target speaks of. */
export function judged({ ours, floor, target }: Measured): number {
  return target.of === 'value' || floor === null ? ours : ours / floor
}

/** Tells whether a measurement reached its target. */
export function isReached(measured: Measured): boolean {
  const value = judged(measured)
  return measured.target.bound === 'atLeast' ? value >= measured.target.limit : value <= measured.target.limit
}

/** The value below which `share` (0–1) of the samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}
