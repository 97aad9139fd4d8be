import { z } from 'zod'

import { deviceId, runtimeName } from './fields.ts'

const MAX_DEVICES = 10_000

/** The body of `POST /users/me/runtime-configs/{runtime}/sync`. */
export const SyncRequest = z
  .object({
    device_ids: z
      .array(deviceId)
      .max(MAX_DEVICES)
      .optional()
      .meta({ description: 'The devices to sync now; absent: all of the user.' }),
  })
  .meta({ id: 'SyncRequest', description: 'What to sync at once, whatever back-off says.' })

/** The body of `POST /users/me/runtime-configs/{runtime}/sync`. */
export type SyncRequest = z.output<typeof SyncRequest>

/** What one device made of a requested sync. */
export const SyncItem = z
  .object({
    device_id: z.string().meta({ description: 'Which device.' }),
    success: z.boolean().meta({ description: 'The device has the file now, or had one already.' }),
    status: z
      .string()
      .meta({ description: 'written, skipped_existing, failed, offline, unsupported or timed_out.' }),
    error: z.string().nullable().meta({ description: 'What went wrong, in the words of the device.' }),
  })
  .meta({ id: 'SyncItem', description: 'What one device made of it.' })

/** What one device made of a requested sync. */
export type SyncItem = z.output<typeof SyncItem>

/** The answer to a requested sync. */
export const SyncAnswer = z
  .object({
    runtime: runtimeName,
    target_path: z.string().meta({ description: 'Where the file belongs on a device.' }),
    total: z.int().min(0).meta({ description: 'Number of items.' }),
    items: z.array(SyncItem).meta({ description: 'One per device.' }),
  })
  .meta({ id: 'SyncAnswer', description: 'What each device made of it.' })

/** The answer to a requested sync. */
export type SyncAnswer = z.output<typeof SyncAnswer>
