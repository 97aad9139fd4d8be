const PATTERN = /^user-([1-9][0-9]{0,15})$/

/** The `user_id` of rows that belong to nobody: objects of cluster-scoped kinds. */
export const NOBODY = 0

/** The namespace of a user, as everything above the store knows it. Rows keep `user_id` and `default` instead. */
export function toNamespace(userId: number): string {
  return `user-${userId}`
}

/** The user whose namespace this is; `undefined` for a text that cannot be one. */
export function fromNamespace(namespace: string): number | undefined {
  const digits = PATTERN.exec(namespace)?.[1]
  const userId = Number(digits)
  return Number.isSafeInteger(userId) ? userId : undefined
}
