import { AppError } from '#core/errors.ts'
import type { Clock } from '#core/clock.ts'
import type { DeviceToken, Tokens } from '#store/tokens.ts'
import type { User, Users } from '#store/users.ts'

export interface Accounts {
  readonly users: Users
  readonly tokens: Tokens
}

export async function openAccounts(_clock: Clock): Promise<Accounts> {
  const all: User[] = []
  const kept: DeviceToken[] = []
  const revoked = new Set<string>()
  const users = {
    get: async (id: string) => all.find((u) => u.id === id),
    findByName: async (name: string) => all.find((u) => u.name === name),
    list: async () => [...all],
    create: async ({ name, role = 'user' }: any) => {
      if (all.some((u) => u.name === name)) throw new AppError('ALREADY_EXISTS', 'x')
      if (/\p{C}/u.test(name)) throw new AppError('INVALID', 'x')
      const id = String(all.length + 1)
      const user = { id, name, email: null, role, namespace: `user-${id}`, isActive: true, preferences: {}, resourceVersion: '1' }
      all.push(user)
      return user
    },
    setActive: async (id: string, isActive: boolean) => {
      const at = all.findIndex((u) => u.id === id)
      return (all[at] = { ...(all[at] as User), isActive })
    },
  } as unknown as Users
  const tokens: Tokens = {
    create: async (t) => void kept.push(t),
    findByHash: async (h) => kept.find((t) => t.hash === h),
    get: async (u, id) => kept.find((t) => t.userId === u && t.id === id),
    list: async (u) => kept.filter((t) => t.userId === u).reverse(),
    revoke: async (u, id, revokedAt) => {
      const at = kept.findIndex((t) => t.userId === u && t.id === id)
      if (at < 0) throw new AppError('NOT_FOUND', 'x')
      const t = kept[at] as DeviceToken
      return (kept[at] = { ...t, revokedAt: t.revokedAt ?? revokedAt })
    },
    revokeSigned: async (jti) => void revoked.add(jti),
    isSignedRevoked: async (jti) => revoked.has(jti),
  }
  return { users, tokens }
}
