import type { Context } from '#cli/context.ts'
import { toTable } from '#cli/output.ts'
import { UserList, UserView } from '#protocol/user.ts'

const PATH = '/users'

/** Shows everybody this installation serves. */
export async function listUsers({ client, output }: Context): Promise<void> {
  const { items } = await (await client()).ask(UserList, { path: PATH })
  output.json({ items })
  const lines = toTable(
    items,
    [
      { heading: 'NAME', cell: (row) => row.name },
      {
        heading: 'ACTIVE',
        cell: (row) => (row.is_active ? 'yes' : 'no'),
        style: (row) => (row.is_active ? 'green' : 'red'),
      },
      { heading: 'ROLE', cell: (row) => row.role },
      { heading: 'NAMESPACE', cell: (row) => row.namespace },
      { heading: 'EMAIL', cell: (row) => row.email ?? '' },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

/** Locks somebody out, or lets them in again. */
export async function setUserActive(
  { client, output }: Context,
  { user, isActive }: { readonly user: string; readonly isActive: boolean },
): Promise<void> {
  const path = `${PATH}/${encodeURIComponent(user)}`
  const changed = await (await client()).ask(UserView, { method: 'PUT', path, body: { is_active: isActive } })
  output.json(changed)
  output.print(
    changed.is_active
      ? `${changed.name} is active: their tokens are taken again and their devices come back by themselves`
      : `${changed.name} is deactivated: their tokens are refused and their devices disconnected`,
  )
}
