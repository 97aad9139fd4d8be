/** Tells whether this process does what only one of several may do: summaries, clean-up, re-sealing. */
export interface Leadership {
  readonly isLeader: boolean
  /** Calls back when it begins or ends. Returns how to stop listening. */
  onChange(listener: (isLeader: boolean) => void): () => void
}

/** For a process that is alone. */
export const ALONE: Leadership = { isLeader: true, onChange: () => () => undefined }
