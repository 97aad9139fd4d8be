import {
  type ConfigLayerReport,
  isSameLayers,
  parseConfigLayers,
  saysTheSameLayers,
} from '#protocol/config-report.ts'
import { isRecord } from '#protocol/liberal.ts'

/** What a device reported of its configuration, per runtime. */
export type ConfigReports = ReadonlyMap<string, readonly ConfigLayerReport[]>

/** At some 270 bytes each, a quarter of the 64 KiB that one device may make the server hold. */
const MAX_LAYERS = 64

/**
 * Compares the `runtime_config_layers` of a heartbeat with what is known of the device. Only registered runtimes are looked
 * at; one that is not mentioned any more counts as not reported.
 *
 * @returns `null` when nothing changed, which is what nearly every heartbeat says; nothing is built then
 */
export function observeConfigs(
  raw: unknown,
  runtimes: Iterable<string>,
  known: ConfigReports,
): ConfigReports | null {
  const configs = isRecord(raw) ? raw : null
  if (configs === null && known.size === 0) return null
  if (configs !== null && saysNothingNew(configs, runtimes, known)) return null
  const reports = parseConfigs(configs ?? {}, runtimes)
  return isSame(reports, known) ? null : reports
}

type RawConfigs = Readonly<Record<string, unknown>>

function saysNothingNew(configs: RawConfigs, runtimes: Iterable<string>, known: ConfigReports): boolean {
  let seen = 0
  for (const runtime of runtimes) {
    const report = known.get(runtime)
    const isSaid = Object.hasOwn(configs, runtime)
    if (isSaid !== (report !== undefined)) return false
    if (report === undefined) continue
    if (!saysTheSameLayers(configs[runtime], report)) return false
    seen += 1
  }
  return seen === known.size
}

function parseConfigs(configs: RawConfigs, runtimes: Iterable<string>): ConfigReports {
  const reports = new Map<string, readonly ConfigLayerReport[]>()
  let room = MAX_LAYERS
  for (const runtime of runtimes) {
    const layers = Object.hasOwn(configs, runtime) ? parseConfigLayers(configs[runtime]) : null
    if (layers === null) continue
    room -= Math.max(1, layers.length)
    if (room < 0) break
    reports.set(runtime, layers)
  }
  return reports
}

function isSame(one: ConfigReports, other: ConfigReports): boolean {
  if (one.size !== other.size) return false
  for (const [runtime, layers] of one) {
    const before = other.get(runtime)
    if (before === undefined || !isSameLayers(layers, before)) return false
  }
  return true
}
