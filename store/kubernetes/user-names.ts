import { createHash } from 'node:crypto'

import { isLabelName } from '#crds/metadata.ts'

const LONGEST = 40
const HASH = /^(?:user-)?[0-9a-f]{32}$/

/**
 * Gives the names that a User for this subject may be made under, the first that is free to be taken: the subject itself, if it
 * can be one, else or failing that one made of its hash. The same for the same subject, whoever asks.
 */
export function objectNamesOf(subject: string): readonly string[] {
  const hash = createHash('sha256').update(subject).digest('hex').slice(0, 32)
  const hashed = `user-${hash}`
  // What looks like a hash could be chosen to be that of somebody else.
  const isPlain = subject.length <= LONGEST && isLabelName(subject) && !HASH.test(subject)
  return isPlain ? [subject, hashed] : [hashed]
}

/** The namespace of a User that is made here. */
export function namespaceOf(objectName: string): string {
  return HASH.test(objectName) ? objectName : `user-${objectName}`
}
