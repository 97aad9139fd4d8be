/** What one side says of a stack. Texts, so that two sides are compared letter by letter. */
export interface ReadSeen {
  /** A fault, told the same way for both sides; nothing else is there then. */
  readonly fault: string | null
  /** What was said of it; not compared. */
  readonly why?: string
  /** Highest first: name, version, canonical text, why it is disabled. */
  readonly layers: readonly string[]
  /** `key <- layer version`. */
  readonly origins: ReadonlyMap<string, string>
  /** The canonical text of every top-level key. Empty where projects have layers: no call of the CLI tells then. */
  readonly effective: ReadonlyMap<string, string>
  /** What is required, or a fault. */
  readonly requirements: string
}

/** What one side makes of a write. */
export interface WriteSeen {
  readonly fault: string | null
  readonly status: string
  readonly version: string
  readonly filePath: string
  readonly metadata: string
  /** The whole file afterwards; null when there is none. */
  readonly bytes: string | null
  /** What the user layer's version is when it is read again, or a fault of that. */
  readonly nextVersion: string
  /** The version that the edits alone give the user layer; not compared. */
  readonly meant?: string
  /** What was said when it was refused; not compared. */
  readonly why?: string
}

/** A write that was refused. */
export function refused(fault: string, bytes: string | null): WriteSeen {
  return { fault, status: '', version: '', filePath: '', metadata: '', bytes, nextVersion: '' }
}
