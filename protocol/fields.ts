import { z } from 'zod'

/** A name of a runtime, as it stands in answers. */
export const runtimeName = z
  .string()
  .meta({ description: 'Name of a registered runtime.', examples: ['codex'] })

/** A moment in an answer; `null`: it never happened. */
export const moment = z.iso
  .datetime()
  .nullable()
  .meta({ description: 'When, ISO 8601 in UTC with milliseconds; null if never.' })

/** A digest in an answer. */
export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable()
  .meta({ description: 'Lower-case hex SHA-256 of what is stored; null if nothing is.' })

/** An id of a device, in what a client sends. */
export const deviceId = z
  .string()
  .min(1)
  .max(100)
  .meta({ description: 'Id of one of the devices of the user.', examples: ['device-1'] })
