import { z } from 'zod'

import { deviceId, moment } from './fields.ts'

const MAX_NAME = 100
const MIN_SECONDS = 60
const MAX_SECONDS = 10 * 366 * 24 * 3600

/** The body of `POST /users/me/device-tokens`. */
export const NewDeviceToken = z
  .object({
    name: z
      .string()
      .trim()
      .min(1)
      .max(MAX_NAME)
      .meta({ description: 'What the user calls it.', examples: ['laptop'] }),
    device_id: deviceId
      .nullish()
      .meta({ description: 'The only device it may register as; absent or null: any device of the user.' }),
    expires_in_seconds: z
      .int()
      .min(MIN_SECONDS)
      .max(MAX_SECONDS)
      .nullish()
      .meta({ description: 'How long it is good for; absent or null: until it is revoked.' }),
  })
  .meta({ id: 'DeviceTokenRequest', description: 'A token for an agent.' })

/** The body of `POST /users/me/device-tokens`. */
export type NewDeviceToken = z.output<typeof NewDeviceToken>

/** What is shown of a device token: never the token. */
export const DeviceTokenView = z
  .object({
    id: z.string().meta({ description: 'Names the token in order to revoke it.' }),
    name: z.string().meta({ description: 'What the user calls it.' }),
    device_id: z.string().nullable().meta({ description: 'The only device it is good for; null: any.' }),
    created_at: z.iso.datetime().meta({ description: 'When it was made, ISO 8601 in UTC.' }),
    expires_at: moment,
    revoked_at: moment,
  })
  .meta({ id: 'DeviceToken', description: 'A token of an agent, without the token itself.' })

/** What is shown of a device token. */
export type DeviceTokenView = z.output<typeof DeviceTokenView>

/** The answer that shows a new token, this one time. */
export const MadeDeviceToken = DeviceTokenView.extend({
  token: z.string().meta({ description: 'The token. It is shown this once and cannot be had again.' }),
}).meta({ id: 'NewDeviceToken', description: 'A token that was just made.' })

/** The answer that shows a new token, this one time. */
export type MadeDeviceToken = z.output<typeof MadeDeviceToken>

/** The answer to `GET /users/me/device-tokens`. */
export const DeviceTokenList = z
  .object({ items: z.array(DeviceTokenView).meta({ description: 'Newest first, revoked ones included.' }) })
  .meta({ id: 'DeviceTokenList', description: 'The device tokens of the user.' })

/** The answer to `GET /users/me/device-tokens`. */
export type DeviceTokenList = z.output<typeof DeviceTokenList>
