import * as z from 'zod/mini'

import { isRecord } from './liberal.ts'

/** One layer of a runtime's configuration on a device: which source, and the version of what it says, never what it says. */
export interface ConfigLayerReport {
  /** Such as `user` or `system`. */
  readonly type: string
  /** `sha256:` and 64 hexadecimal digits; `null`: the file is there and cannot be read or parsed. */
  readonly version: string | null
}

/** One entry of `runtime_config_layers.<runtime>`, as it travels. */
export type WireConfigLayer =
  | { readonly type: string; readonly version: string }
  | { readonly type: string; readonly unreadable: true }

/** More than any runtime has sources on a machine. */
export const MAX_CONFIG_LAYERS = 16

const type = z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/))
const layer = z.union([
  z.object({ type, version: z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)) }),
  z.object({ type, unreadable: z.literal(true) }),
])

/**
 * Reads one entry of `runtime_config_layers`: the layers of a runtime, highest first. What makes no sense is left out.
 *
 * @returns `null` when it is not a list: the device said nothing about this runtime's configuration
 */
export function parseConfigLayers(raw: unknown): readonly ConfigLayerReport[] | null {
  if (!Array.isArray(raw)) return null
  return raw.slice(0, MAX_CONFIG_LAYERS).flatMap((entry) => {
    const parsed = layer.safeParse(entry)
    if (!parsed.success) return []
    const { data } = parsed
    return [{ type: data.type, version: 'version' in data ? data.version : null }]
  })
}

/**
 * Tells whether an entry of `runtime_config_layers` says exactly what is known already. Like the report of a file, this runs
 * for every heartbeat: it compares raw values and builds nothing.
 */
export function saysTheSameLayers(raw: unknown, known: readonly ConfigLayerReport[]): boolean {
  if (!Array.isArray(raw) || raw.length !== known.length) return false
  return known.every(({ type, version }, at) => {
    const entry: unknown = raw[at]
    if (!isRecord(entry) || entry['type'] !== type) return false
    return version === null
      ? entry['unreadable'] === true && entry['version'] === undefined
      : entry['version'] === version
  })
}

/** Compares two reports by value. */
export function isSameLayers(a: readonly ConfigLayerReport[], b: readonly ConfigLayerReport[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ type, version }, at) => type === b[at]?.type && version === b[at].version)
  )
}
