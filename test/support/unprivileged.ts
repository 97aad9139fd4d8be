/**
 * What comes before a command that is to be refused what its user may not write. An administrator may write everything; another
 * user may not even reach a checkout in a private folder. So it stays the same user, without that right.
 */
export function unprivileged(): readonly string[] {
  if (process.geteuid?.() !== 0) return []
  const without = '-dac_override,-dac_read_search'
  return ['setpriv', `--bounding-set=${without}`, `--inh-caps=${without}`]
}
