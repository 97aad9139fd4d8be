import { z } from 'zod'

import { ConfigOriginView } from './config.ts'

const text = z.string().nullish()

/** What `include: ["config"]` adds. */
export const ExecutionConfig = z
  .object({
    effective: z
      .record(z.string(), z.unknown())
      .meta({ description: 'What really applies: all layers merged.' }),
    origins: z
      .record(z.string(), ConfigOriginView)
      .meta({ description: 'For each setting, by its dotted path, the layer that supplies it.' }),
    layers: z
      .array(ConfigOriginView)
      .meta({ description: 'Every layer with its version, the highest first; not what it says.' }),
  })
  .meta({
    id: 'ExecutionConfig',
    description: "The user's layered configuration, with the flags of the request.",
  })

/** What `include: ["config"]` adds. */
export type ExecutionConfig = z.output<typeof ExecutionConfig>

/** Why there is no configuration in an enriched request. */
export const EXECUTION_CONFIG_REASONS = ['DecryptFailed', 'ConfigInvalid', 'ConfigUnsupported'] as const

/** What the keys of `model_config.runtime_config.<runtime>` say: six, and those of `config` when they are asked for. */
export const ExecutionRuntimeConfig = z
  .object({
    use_user_config: z
      .boolean()
      .meta({ description: "Use the user's own login; false when the model brings credentials of its own." }),
    configured: z.boolean().meta({ description: 'A login is stored.' }),
    target_path: z.string().meta({ description: 'Where the login file is on a device.' }),
    auth_json_sha256: z.string().nullable().meta({ description: 'Digest of the stored login.' }),
    use_proxy: z.boolean().meta({ description: 'The user wants the personal proxy for this runtime.' }),
    proxy_configured: z.boolean().meta({ description: 'A proxy is saved and can be used.' }),
    config: ExecutionConfig.nullish().meta({
      description: 'Only with `include: ["config"]`. Null: there is none, and config_reason says why.',
    }),
    config_reason: z
      .enum(EXECUTION_CONFIG_REASONS)
      .optional()
      .meta({ description: 'Why config is null, as one constant word.' }),
  })
  .meta({ id: 'ExecutionRuntimeConfig', description: "State of the user's configuration of one runtime." })

/** What the keys of `model_config.runtime_config.<runtime>` say. */
export type ExecutionRuntimeConfig = z.output<typeof ExecutionRuntimeConfig>

/**
 * An execution request. Checks only what decides; every other key, at any place, belongs to the back end.
 *
 * Use it to check and go on with the body as it came: parsing gives a copy whose unusual keys (`__proto__`) are gone.
 */
export const ExecutionRequest = z
  .looseObject({
    runtime: text.meta({ description: 'Name of the runtime; absent: told from the model.' }),
    include: z
      .array(z.string())
      .nullish()
      .meta({ description: '`config` adds the effective configuration.', examples: [['config']] }),
    model_config: z
      .looseObject({
        model: text.meta({ description: '`openai` (any case) makes it a Codex execution.' }),
        protocol: text.meta({ description: '`openai-responses` makes it a Codex execution.' }),
        api_format: text.meta({ description: '`responses` makes it a Codex execution.' }),
        apiFormat: text.meta({ description: 'The same as api_format.' }),
        wire_api: text.meta({ description: '`responses` makes it a Codex execution.' }),
        base_url: text.meta({ description: "With api_key: the model's own credentials." }),
        api_key: text.meta({ description: "With base_url: the model's own credentials." }),
        proxy: z.unknown().optional().meta({ description: '`url` is set; other keys stay.' }),
        config_overrides: z.unknown().optional().meta({
          description:
            'Session flags for `include: ["config"]`: a list of `key=value`, or an object of dotted paths and values.',
        }),
        runtime_config: z
          .unknown()
          .optional()
          .meta({ description: 'The entry of the runtime is set; others stay.' }),
      })
      .meta({ description: 'Which model, where, and with what.' }),
    proxy: z.unknown().optional().meta({ description: '`url` is set; other keys stay.' }),
  })
  .meta({
    id: 'ExecutionRequest',
    description: 'What a back end sends to an executor. Unknown keys are kept.',
  })

/** An execution request; unknown keys are kept. */
export type ExecutionRequest = z.output<typeof ExecutionRequest>
