import { toJson } from '#layers/json/render.ts'
import type { UserConfigWritten } from '#layers/sources/user-file.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import type { OverriddenMetadata } from '#layers/write/write-status.ts'

import { changeLines, changesOf, toWireChanges } from './changes.ts'
import { pathOfKey } from './diff-answer.ts'
import type { Screen } from './screen.ts'
import { keyText } from './value-text.ts'
import { changedWords, NO_CHANGE, shortVersion } from './version-text.ts'

/** A write that was made, or would be. */
export interface Written {
  readonly result: UserConfigWritten
  readonly before: ConfigLayerStack
  readonly after: ConfigLayerStack
}

/** What is told of it. */
export interface Told extends Written {
  /** The key as it was typed. */
  readonly key: string
  readonly isSet: boolean
  readonly isDryRun: boolean
}

/** Tells what a write of one key has changed, and whether that takes effect. */
export function tellWritten(screen: Screen, told: Told): void {
  const { output, labels } = screen
  const { result, before, after, isDryRun } = told
  const { nextVersion: version, filePath, changed, status, overriddenMetadata } = result
  const changes = changesOf(before, after)
  output.json({
    status,
    version,
    filePath,
    changed,
    dryRun: isDryRun,
    changes: toWireChanges(screen, changes),
    overriddenMetadata: toWireOverride(screen, told),
  })
  if (changed) {
    output.print(`${labels.path(filePath)} ${changedWords(isDryRun)}; version ${shortVersion(version)}`)
  } else {
    const already = told.isSet ? 'says so already' : `has no ${keyText(pathOfKey(told.key))}`
    output.print(`${labels.path(filePath)} ${already}: nothing was written`)
  }
  for (const line of changeLines(screen, changes)) output.print(line)
  if (changed && changes.length === 0) output.print(NO_CHANGE)
  if (overriddenMetadata !== null)
    output.print(output.style('yellow', overrideSentence(screen, told, overriddenMetadata)))
  screen.endMasked()
}

function overrideSentence(screen: Screen, { key, isSet }: Told, override: OverriddenMetadata): string {
  const path = pathOfKey(key)
  const { overridingLayer, effectiveValue } = override
  const layer = screen.labels.long(overridingLayer.name)
  const begin = isSet ? `this takes no effect here: ${layer}` : `${keyText(path)} still applies: ${layer}`
  return effectiveValue === null
    ? `${begin} decides otherwise`
    : `${begin} sets ${keyText(path)} to ${screen.text(effectiveValue, path)}`
}

function toWireOverride({ masking }: Screen, { key, result }: Told): unknown {
  const { overriddenMetadata } = result
  if (overriddenMetadata === null) return null
  const { effectiveValue } = overriddenMetadata
  const shown = effectiveValue === null ? null : toJson(masking.of(effectiveValue, pathOfKey(key)))
  return { ...overriddenMetadata, effectiveValue: shown }
}
