import type { Scope } from './principal.ts'

/** Which groups may do more than use what is their own. */
export interface GroupScopes {
  readonly admin: readonly string[]
  readonly execution: readonly string[]
}

/** Gives what a member of these groups may do: everybody is a person with devices. */
export function scopesOfGroups(
  groups: readonly string[],
  { admin, execution }: GroupScopes,
): ReadonlySet<Scope> {
  const scopes = new Set<Scope>(['user', 'device'])
  if (groups.some((group) => admin.includes(group))) scopes.add('admin')
  if (groups.some((group) => execution.includes(group))) scopes.add('execution')
  return scopes
}
