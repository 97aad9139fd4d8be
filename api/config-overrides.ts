import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { readJson } from '#layers/json/read.ts'
import { toTomlValue } from '#layers/json/values.ts'
import { type Override, overridesTable, parseOverride } from '#layers/overrides.ts'
import type { TomlTable } from '#layers/value.ts'

import { toRefusal } from './config-faults.ts'

/** More flags than anybody gives a command. */
const MAX_OVERRIDES = 1000

/** Deeper than any setting lies; what walks through a table must not run out of stack. */
const MAX_SEGMENTS = 128

const PLACE = 'model_config.config_overrides'

/**
 * Reads the session flags of an execution request: a list of `key=value`, or an object of dotted paths and JSON values.
 *
 * @returns `null` when there are none
 * @throws AppError `configValidationError`, which names the place of the flag
 */
export function readOverrides(raw: unknown): TomlTable | null {
  if (raw === undefined || raw === null) return null
  const flags: readonly (() => Override)[] = Array.isArray(raw)
    ? raw.map((text: unknown, index) => () => atPlace(index, () => fromText(text)))
    : fromObject(raw)
  if (flags.length > MAX_OVERRIDES)
    throw refused(`${PLACE}: expected at most ${MAX_OVERRIDES} flags, got ${flags.length}`)
  return flags.length === 0 ? null : overridesTable(flags.map((read) => read()))
}

function fromObject(raw: unknown): readonly (() => Override)[] {
  if (!isRecord(raw))
    throw refused(`${PLACE}: expected a list of key=value, or an object of dotted paths and values`)
  return Object.entries(raw).map(
    ([key, value]) =>
      () =>
        atPlace(JSON.stringify(key.slice(0, 100).toWellFormed()), () => fromEntry(key, value)),
  )
}

function fromText(text: unknown): Override {
  if (typeof text === 'string') return parseOverride(text)
  throw refused('expected key=value as text')
}

function fromEntry(key: string, value: unknown): Override {
  if (key.includes('=')) throw refused('expected a dotted path without an equals sign')
  // As text once more, because that is where 1 and 1.0 are two values, whoever parsed the request.
  const json = toTomlValue(readJson(JSON.stringify(value)))
  return { path: parseOverride(`${key}=0`).path, value: json }
}

function atPlace(place: number | string, read: () => Override): Override {
  try {
    const override = read()
    if (override.path.length <= MAX_SEGMENTS) return override
    throw refused(`expected a path of at most ${MAX_SEGMENTS} segments`)
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${PLACE}[${place}]: ${error.message}`)
    throw toRefusal(error, `${PLACE}[${place}]`)
  }
}

function refused(reason: string): AppError {
  return new AppError('configValidationError', reason)
}
