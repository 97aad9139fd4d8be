import { z } from 'zod'

/** So many edits one request may carry. */
const MAX_EDITS = 100

/** Longest dotted path of a setting, in characters. */
const MAX_KEY_PATH = 1024

const version = z
  .string()
  .meta({ description: 'Fingerprint of a layer; changes exactly when a value does.', examples: [`sha256:…`] })

const LayerName = z
  .looseObject({
    type: z.string().meta({ description: 'Kind of source.', examples: ['user', 'managedRuntimeConfig'] }),
  })
  .meta({
    id: 'ConfigLayerName',
    description: 'Which source a layer is; more keys say which one of its kind.',
  })

/** Who supplies a setting. */
export const ConfigOriginView = z
  .object({ name: LayerName, version })
  .meta({ id: 'ConfigOrigin', description: 'The layer that supplies a setting.' })

const settings = z.record(z.string(), z.unknown())

/** One source of settings. */
export const ConfigLayerView = z
  .object({
    name: LayerName,
    version,
    config: settings.meta({ description: 'What the layer says.' }),
    disabledReason: z
      .string()
      .optional()
      .meta({ description: 'Why it counts for nothing; absent: it counts.' }),
  })
  .meta({ id: 'ConfigLayer', description: 'One source of settings.' })

/** The answer to `GET /users/me/runtime-configs/{runtime}/config`. */
export const ConfigView = z
  .object({
    config: settings.meta({ description: 'What really applies: all layers merged. Numbers are exact.' }),
    origins: z.record(z.string(), ConfigOriginView).meta({
      description: 'For each setting that applies, by its dotted path, the layer that supplies it.',
    }),
    layers: z
      .array(ConfigLayerView)
      .optional()
      .meta({ description: 'With `include=layers`: every layer, the highest first.' }),
  })
  .meta({ id: 'ConfigView', description: 'The layered configuration of one runtime.' })

/** The answer to `GET /users/me/runtime-configs/{runtime}/config`. */
export type ConfigView = z.output<typeof ConfigView>

const ConfigEdit = z
  .object({
    keyPath: z
      .string()
      .max(MAX_KEY_PATH)
      .meta({
        description: 'Dotted path of the setting; a segment may stand in double quotes.',
        examples: ['model', 'mcp_servers."my.server".url'],
      }),
    value: z
      .unknown()
      .refine((value) => value !== undefined)
      .meta({ description: 'The new value; `null` takes the setting away. `1` and `1.0` are two values.' }),
    mergeStrategy: z
      .enum(['replace', 'upsert'])
      .meta({ description: '`upsert` merges a table into the one that is there; else like `replace`.' }),
  })
  .meta({ id: 'ConfigEdit', description: 'One change of one setting.' })

/** The body of `PUT /users/me/runtime-configs/{runtime}/config`. */
export const ConfigEdits = z
  .object({
    edits: z.array(ConfigEdit).max(MAX_EDITS).meta({ description: 'Done in order, all of them or none.' }),
    expectedVersion: z.string().max(256).nullish().meta({
      description: "Version the user's own layer must still have; absent or null: any.",
    }),
  })
  .meta({ id: 'ConfigEdits', description: "Changes of the user's own settings." })

/** The body of `PUT /users/me/runtime-configs/{runtime}/config`. */
export type ConfigEdits = z.output<typeof ConfigEdits>

/** The answer to `PUT /users/me/runtime-configs/{runtime}/config`. */
export const ConfigWritten = z
  .object({
    status: z
      .enum(['ok', 'okOverridden'])
      .meta({ description: '`okOverridden`: stored, and another layer still wins.' }),
    version: version.meta({ description: "The new version of the user's own layer." }),
    overriddenMetadata: z
      .object({
        message: z.string().meta({ description: 'What wins, in one phrase.' }),
        overridingLayer: ConfigOriginView,
        effectiveValue: z.unknown().meta({ description: 'What applies instead.' }),
      })
      .nullable()
      .meta({ description: 'Of the first edit without effect; null: all apply.' }),
  })
  .meta({ id: 'ConfigWritten', description: 'What became of an edit.' })

/** The answer to `PUT /users/me/runtime-configs/{runtime}/config`. */
export type ConfigWritten = z.output<typeof ConfigWritten>
