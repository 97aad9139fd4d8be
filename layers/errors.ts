/**
 * Every way in which configuration can be refused. The first four are the words of the write API of the reference and are
 * shown to clients as they are.
 */
export type LayersErrorCode =
  | 'configVersionConflict'
  | 'configLayerReadonly'
  | 'configValidationError'
  | 'configPathNotFound'
  | 'configSyntaxError'
  | 'configTypeError'
  | 'configUnreadable'
  | 'configTooDeep'
  | 'overrideInvalid'
  | 'managedPreferencesInvalid'
  | 'requirementsInvalid'
  | 'requirementsViolated'
  | 'threadConfigFailed'
  | 'layerOrderInvalid'
  | 'cliVersionInvalid'

/** A place in a text. Lines and columns count from 1, columns in Unicode characters; `end` is inclusive. */
export interface TextRange {
  readonly line: number
  readonly column: number
  readonly endLine: number
  readonly endColumn: number
}

/** Where a refused text came from and where in it the fault is. */
export interface FaultPlace {
  /** Path of the file, or a name for a source that is no file, such as `managed preferences`. */
  readonly path?: string
  readonly range?: TextRange
  /** The offending line of the text. Shown with a caret by the command line; never logged: a line may hold a secret. */
  readonly excerpt?: string
  /** What stands above that line and belongs to the same setting, its key first. Never shown: it tells whether the line may be. */
  readonly opening?: string
}

/**
 * Configuration that cannot be used, or an edit that cannot be made. Nothing was changed when it is thrown.
 *
 * `reason` is the sentence without the place: what was expected and what came, never the value of a setting. `message` is
 * `<path>:<line>:<column>: <reason>` as far as those are known.
 */
export class LayersError extends Error {
  override readonly name = 'LayersError'
  readonly code: LayersErrorCode
  readonly reason: string
  readonly place: FaultPlace

  constructor(
    code: LayersErrorCode,
    reason: string,
    options: FaultPlace & { readonly cause?: unknown } = {},
  ) {
    const { cause, ...place } = options
    super(withPlace(reason, place), cause === undefined ? {} : { cause })
    this.code = code
    this.reason = reason
    this.place = place
  }

  /** The same fault in a line that does not begin its setting: see {@link FaultPlace}. */
  below(opening: string): LayersError {
    if (opening === '') return this
    return new LayersError(this.code, this.reason, { ...this.place, opening, cause: this.cause })
  }

  /** The same fault, told with the path of the file it is in. A path that is known already is kept. */
  in(path: string): LayersError {
    if (this.place.path !== undefined) return this
    return new LayersError(this.code, this.reason, { ...this.place, path, cause: this.cause ?? this })
  }
}

/** Reads something, and tells a fault of it with the path of the file, or the name of the source, that it is in. */
export function readIn<Value>(path: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw error instanceof LayersError ? error.in(path) : error
  }
}

function withPlace(reason: string, { path, range }: FaultPlace): string {
  const position = range === undefined ? '' : `${String(range.line)}:${String(range.column)}: `
  if (path === undefined) return `${position}${reason}`
  return position === '' ? `${path}: ${reason}` : `${path}:${position}${reason}`
}
