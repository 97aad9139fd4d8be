import { z } from 'zod'

import { moment, runtimeName } from './fields.ts'

/** One of the twelve questions whose first "no" is the reason nothing is sent. */
export const GateView = z
  .object({
    name: z.string().meta({ description: 'CamelCase name of the question.', examples: ['Online'] }),
    passed: z.boolean().meta({ description: 'Whether the answer is yes.' }),
    message: z.string().meta({ description: 'What is so, in one sentence.' }),
  })
  .meta({ id: 'Gate', description: 'One question on the way to a sync command, and its answer.' })

/** One layer of a runtime's configuration on a device. */
const DeviceConfigLayer = z
  .object({
    type: z.string().meta({ description: 'Which source it is.', examples: ['user', 'system'] }),
    version: z
      .string()
      .nullable()
      .meta({ description: 'Fingerprint of what it says; null: the file is there and cannot be read.' }),
  })
  .meta({
    id: 'DeviceConfigLayer',
    description: "One source of a runtime's settings on a device; never what it says.",
  })

/** Why one runtime on one device is as it is. */
export const DeviceRuntimeView = z
  .object({
    runtime: runtimeName,
    state: z.string().meta({ description: 'What is true of the file on the device.', examples: ['InSync'] }),
    reason: z.string().meta({ description: 'Why, as one CamelCase word.', examples: ['UpToDate'] }),
    message: z.string().meta({ description: 'Why, in one sentence.' }),
    target_path: z.string().meta({ description: 'Where the file belongs on the device.' }),
    attempts: z.int().min(0).meta({ description: 'Failures in a row.' }),
    next_attempt_at: moment,
    last_command: z.string().nullable().meta({ description: 'Key of the last command sent.' }),
    last_result: z.string().nullable().meta({ description: 'What came of it.' }),
    last_sync_time: moment,
    unblock: z
      .string()
      .nullable()
      .meta({ description: 'What a person can do about it; null: nothing to do.' }),
    next_action: z
      .enum(['none', 'write', 'replace', 'remove', 'import'])
      .meta({ description: 'What the operator does next.' }),
    config_layers: z.array(DeviceConfigLayer).nullable().meta({
      description: 'The layers of its configuration, highest first; null: the device says nothing.',
    }),
    gates: z.array(GateView).meta({ description: 'All questions, in the order they are asked.' }),
  })
  .meta({ id: 'DeviceRuntime', description: 'One runtime on one device, explained.' })

/** Why one runtime on one device is as it is. */
export type DeviceRuntimeView = z.output<typeof DeviceRuntimeView>

const answer = z.boolean().nullable()

/** What a device found when it tried its user's proxy. */
export const ProxyProbeView = z
  .object({
    device_id: z.string().meta({ description: 'The device that tried.', examples: ['device-1'] }),
    reachable: answer.meta({ description: 'The proxy answers at all.' }),
    connect_accepted: answer.meta({
      description: 'It connects to this server; null: it did not come that far.',
    }),
    authenticated: answer.meta({ description: 'It took the login of its URL; null: nobody asked for one.' }),
    tls_intact: answer.meta({
      description:
        'The certificate behind it is the real one; null: it was not tried, or TLS failed otherwise.',
    }),
    message: z.string().meta({ description: 'What the device says, in one sentence without the address.' }),
    probed_at: z.iso.datetime().meta({ description: 'When, ISO 8601 in UTC with milliseconds.' }),
  })
  .meta({ id: 'ProxyProbe', description: "What a device found when it tried its user's proxy." })

/** What a device found when it tried its user's proxy. */
export type ProxyProbeView = z.output<typeof ProxyProbeView>

/** The body of `POST /users/me/devices/{device}/probe-proxy`. */
export const ProbeProxy = z
  .object({})
  .meta({ id: 'ProbeProxy', description: 'Nothing: the proxy that is tried is the saved one.' })

/** One device of the user. */
export const DeviceView = z
  .object({
    device_id: z.string().meta({ examples: ['device-1'], description: 'What the device calls itself.' }),
    display_name: z.string().meta({ description: 'Name of the device for people.' }),
    device_type: z.enum(['local', 'app', 'cloud', 'remote']).meta({ description: 'Kind of machine.' }),
    online: z.boolean().meta({ description: 'A heartbeat came within the last 90 seconds.' }),
    executor_version: z.string().nullable().meta({ description: 'Version of the agent, as it says.' }),
    last_heartbeat_at: moment,
    suspended: z.boolean().meta({ description: 'Nothing is sent to this device.' }),
    credential_shared: z.boolean().meta({
      description: 'A refresh token on this device is on another active one too; the vendor may reject both.',
    }),
    proxy_probe: ProxyProbeView.nullable().meta({
      description:
        'The last try of the saved proxy; null: none since it was saved, or since the server started.',
    }),
    runtimes: z.array(DeviceRuntimeView).meta({ description: 'One per registered runtime.' }),
  })
  .meta({ id: 'Device', description: 'A machine of the user, and what is true of each runtime on it.' })

/** One device of the user. */
export type DeviceView = z.output<typeof DeviceView>

/** The answer to `GET /users/me/devices`. */
export const DeviceList = z
  .object({ items: z.array(DeviceView).meta({ description: 'One per device, offline ones included.' }) })
  .meta({ id: 'DeviceList', description: 'The devices of the user.' })

/** The answer to `GET /users/me/devices`. */
export type DeviceList = z.output<typeof DeviceList>
