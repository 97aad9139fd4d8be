import { z } from 'zod'

import { moment, runtimeName, sha256 } from './fields.ts'

/** What a user sees of one runtime: the twelve keys are always there. */
export const RuntimeConfigView = z
  .object({
    runtime: runtimeName,
    display_name: z.string().meta({ description: 'Name of the runtime for people.', examples: ['Codex'] }),
    use_user_config: z
      .boolean()
      .meta({ description: "The stored login is kept on all of the user's devices." }),
    use_proxy: z.boolean().meta({ description: 'Executions of this runtime go through the personal proxy.' }),
    configured: z.boolean().meta({ description: 'A login is stored.' }),
    target_path: z
      .string()
      .meta({ description: 'Where the file belongs on a device.', examples: ['~/.codex/auth.json'] }),
    auth_json_sha256: sha256,
    auth_json_updated_at: moment,
    proxy_configured: z.boolean().meta({ description: 'A personal proxy is saved and can be used.' }),
    proxy_url_masked: z.string().meta({
      description: 'The proxy without its secrets; empty if none.',
      examples: ['http://***:***@h:80'],
    }),
    proxy_updated_at: moment,
    updated_at: moment,
  })
  .meta({ id: 'RuntimeConfig', description: "One runtime's configuration of the user." })

/** What a user sees of one runtime. */
export type RuntimeConfigView = z.output<typeof RuntimeConfigView>

/** The answer to `GET /users/me/runtime-configs`. */
export const RuntimeConfigList = z
  .object({ items: z.array(RuntimeConfigView).meta({ description: 'One per registered runtime.' }) })
  .meta({ id: 'RuntimeConfigList', description: 'All runtimes of this installation, as the user has them.' })

/** The answer to `GET /users/me/runtime-configs`. */
export type RuntimeConfigList = z.output<typeof RuntimeConfigList>

/** The body of `PUT /users/me/runtime-configs/{runtime}`. Absent or null `use_proxy` leaves the stored one as it is. */
export const RuntimeConfigUpdate = z
  .object({
    use_user_config: z.boolean().meta({ description: "Keep the stored login on all of the user's devices." }),
    use_proxy: z
      .boolean()
      .nullish()
      .meta({ description: 'Send executions through the personal proxy; absent or null: as it was.' }),
  })
  .meta({ id: 'RuntimeConfigUpdate', description: 'The switches of one runtime.' })

/** The body of `PUT /users/me/runtime-configs/{runtime}`. */
export type RuntimeConfigUpdate = z.output<typeof RuntimeConfigUpdate>

/** The body of `POST /users/me/runtime-configs/{runtime}/auth-json`. */
export const AuthUpload = z
  .object({
    auth_json: z.string().meta({
      description: "Text of the CLI's login file: a JSON object. It is never given back.",
      writeOnly: true,
    }),
  })
  .meta({ id: 'AuthUpload', description: 'A login to store.' })

/** The body of `POST /users/me/runtime-configs/{runtime}/auth-json`. */
export type AuthUpload = z.output<typeof AuthUpload>
