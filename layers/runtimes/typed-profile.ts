import { EMPTY_TABLE } from '#layers/value.ts'

import type { TableField } from './field.ts'
import { findFault } from './fit.ts'
import { isKnown } from './known-key.ts'
import type { RuntimeProfile } from './profile.ts'
import { roundTrip } from './round-trip.ts'
import { isSecretKey, isSecretValue } from './secret.ts'
import { findWithdrawn, type WithdrawnWord } from './withdrawn.ts'

/** What a profile is made of. */
export interface ProfileParts extends Pick<RuntimeProfile, 'runtime' | 'format' | 'rules'> {
  /** All settings of the CLI, of one release. */
  readonly root: TableField
  /** Absent: none. */
  readonly withdrawn?: readonly WithdrawnWord[]
}

/** Makes a profile of a list of settings. */
export function typedProfile({ runtime, format, rules, root, withdrawn = [] }: ProfileParts): RuntimeProfile {
  return {
    runtime,
    format,
    rules,
    normalise: (config, base, home) =>
      config === EMPTY_TABLE ? config : roundTrip(config, root, { base, home: home ?? null }),
    findTypeFault: (config) => findFault(config, root) ?? findWithdrawn(config, withdrawn),
    isKnownKey: (path) => isKnown(path, root),
    isSecretKey,
    isSecretValue,
  }
}
