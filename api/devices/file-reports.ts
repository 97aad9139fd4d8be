import type { RuntimeFileReport } from '#core/device-report.ts'
import { isSameFileReport, parseFileReport, saysTheSame } from '#protocol/heartbeat.ts'
import { isRecord } from '#protocol/liberal.ts'

/** What a device reported, per runtime. */
export type FileReports = ReadonlyMap<string, RuntimeFileReport>

/** Reports that differ from the known ones, and the runtimes that make the difference. */
export interface ChangedReports {
  readonly reports: FileReports
  readonly changed: readonly string[]
}

/** Half of the 64 KiB that one device may make the server hold, at two bytes a character. */
const MAX_CHARACTERS = 16_384

/**
 * Compares the `runtime_auth_files` of a heartbeat with what is known of the device.
 *
 * Only registered runtimes are looked at, so the cost does not depend on what a device puts into its heartbeat. A runtime that
 * is not mentioned any more counts as not reported.
 *
 * @returns `null` when nothing changed, which is what nearly every heartbeat says; nothing is built then
 */
export function observeFiles(
  raw: unknown,
  runtimes: Iterable<string>,
  known: FileReports,
): ChangedReports | null {
  const files = isRecord(raw) ? raw : NO_FILES
  if (saysNothingNew(files, runtimes, known)) return null
  const reports = parseFiles(files, runtimes, known)
  const names = new Set([...known.keys(), ...reports.keys()])
  const changed = [...names].filter((name) => reports.get(name) !== known.get(name))
  return changed.length === 0 ? null : { reports, changed }
}

const NO_FILES: Readonly<Record<string, unknown>> = {}

function saysNothingNew(files: typeof NO_FILES, runtimes: Iterable<string>, known: FileReports): boolean {
  let seen = 0
  for (const runtime of runtimes) {
    const report = known.get(runtime)
    if (report !== undefined) {
      if (!Object.hasOwn(files, runtime) || !saysTheSame(files[runtime], report)) return false
      seen += 1
    } else if (Object.hasOwn(files, runtime)) {
      return false
    }
  }
  return seen === known.size
}

function parseFiles(files: typeof NO_FILES, runtimes: Iterable<string>, known: FileReports): FileReports {
  const reports = new Map<string, RuntimeFileReport>()
  let room = MAX_CHARACTERS
  for (const runtime of runtimes) {
    const report = Object.hasOwn(files, runtime) ? parseFileReport(files[runtime]) : null
    if (report === null) continue
    room -= charactersOf(report)
    if (room < 0) break
    const before = known.get(runtime)
    reports.set(runtime, before !== undefined && isSameFileReport(before, report) ? before : report)
  }
  return reports
}

function charactersOf(report: RuntimeFileReport): number {
  const texts = [report.targetPath, report.digest, report.lastWrittenDigest, report.account, report.error]
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0)
}
