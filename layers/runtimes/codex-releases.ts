import { OBSERVED_CODEX } from '#layers/precedence.ts'

import { byRelease, type Field } from './field.ts'

const [OLDER, NEWER] = OBSERVED_CODEX

/** A setting that codex 0.169 has and 0.128 has not. */
export function newer(field: Field): Field {
  return byRelease({ [OLDER]: null, [NEWER]: field })
}

/** A setting that codex 0.128 has and 0.169 has no longer. */
export function older(field: Field): Field {
  return byRelease({ [OLDER]: field, [NEWER]: null })
}

/** A setting that codex 0.128 and 0.169 read differently. */
export function differs(olderField: Field, newerField: Field): Field {
  return byRelease({ [OLDER]: olderField, [NEWER]: newerField })
}
