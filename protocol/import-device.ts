import { z } from 'zod'

import { deviceId } from './fields.ts'

/** The body of `POST /users/me/runtime-configs/{runtime}/import-device`. */
export const ImportDevice = z
  .object({ device_id: deviceId })
  .meta({ id: 'ImportDevice', description: 'The device whose login file is to be stored.' })

/** The body of `POST /users/me/runtime-configs/{runtime}/import-device`. */
export type ImportDevice = z.output<typeof ImportDevice>
