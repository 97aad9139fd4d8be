import { z } from 'zod'

/** What an administrator sees of somebody: who they are, never what they store or prefer. */
export const UserView = z
  .object({
    name: z.string().meta({ description: 'Unique; the subject of their tokens.', examples: ['alice'] }),
    email: z.string().nullable().meta({ description: 'Address, if one is known.' }),
    role: z
      .enum(['user', 'admin'])
      .meta({ description: 'What the issuer of their first token called them.' }),
    is_active: z.boolean().meta({ description: 'Their tokens are taken and their devices may connect.' }),
    namespace: z
      .string()
      .meta({ description: 'Where their resources live, in manifests.', examples: ['user-7'] }),
  })
  .meta({ id: 'User', description: 'A person this installation serves.' })

/** What an administrator sees of somebody. */
export type UserView = z.output<typeof UserView>

/** The answer to `GET /users`. */
export const UserList = z
  .object({ items: z.array(UserView).meta({ description: 'Ordered by name, deactivated ones included.' }) })
  .meta({ id: 'UserList', description: 'Everybody this installation serves.' })

/** The answer to `GET /users`. */
export type UserList = z.output<typeof UserList>

/** The body of `PUT /users/{name}`. */
export const UserUpdate = z
  .object({
    is_active: z
      .boolean()
      .meta({ description: 'false: lock this person and their devices out; true: let them back in.' }),
  })
  .meta({ id: 'UserUpdate', description: 'What is to be true of the user.' })

/** The body of `PUT /users/{name}`. */
export type UserUpdate = z.output<typeof UserUpdate>
