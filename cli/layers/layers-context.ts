import type { Output } from '#cli/output.ts'

/** What the commands of `layers` are handed: they heed no settings and need no server. */
export interface LayersContext {
  readonly output: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Columns that a line may have; null when nothing limits it, as in a file. */
  readonly width: number | null
  /** Whether secrets are shown as they are. */
  readonly showsSecrets: boolean
  /** Ends the command as one that was typed wrongly. */
  readonly refuse: (message: string) => never
}

/**
 * How wide a table may be: as wide as the terminal; elsewhere what `COLUMNS` says, or as wide as it comes.
 *
 * @param columns of the terminal, or undefined where there is none
 */
export function widthOf(
  columns: number | undefined,
  environment: LayersContext['environment'],
): number | null {
  if (columns !== undefined && columns > 0) return columns
  const said = environment['COLUMNS'] ?? ''
  return /^[1-9]\d{0,4}$/.test(said) ? Number(said) : null
}
