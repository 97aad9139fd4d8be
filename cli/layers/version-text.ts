/** The first characters of a version: what is shown to people, and enough for `--expected-version`. */
export function shortVersion(version: string): string {
  return version.replace('sha256:', '').slice(0, 12)
}

/** What is said of a file that is written, or would be. */
export function changedWords(isDryRun: boolean): string {
  return isDryRun ? 'would be changed (nothing was written)' : 'is changed'
}

/** What is said of a text that changes and means the same. */
export const NO_CHANGE = 'no setting changes, only how the file is written'
