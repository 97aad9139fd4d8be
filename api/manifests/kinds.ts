import { AppError } from '#core/errors.ts'
import { KIND_NAMES, type KindName, KINDS } from '#crds/kinds.ts'

// People are kept by the users port, not as objects, so they are not applied here.
const SERVED = KIND_NAMES.filter((name) => name !== 'User')

/** Finds the kind that a path names: plural, singular or short, in any letter case. Rejects with `NOT_FOUND`. */
export function kindOfPath(text: string): KindName {
  const word = text.toLowerCase()
  const found = SERVED.find((name) => namesOf(name).includes(word))
  if (found !== undefined) return found
  throw new AppError('NOT_FOUND', `there is no such kind of object; there are ${pluralsOf()}`)
}

/** Finds the kind that a manifest names. Rejects with `INVALID`. */
export function kindOfManifest(kind: unknown): KindName {
  const found = SERVED.find((name) => name === kind)
  if (found !== undefined) return found
  throw new AppError('INVALID', `kind: expected one of ${SERVED.join(', ')}`)
}

function namesOf(name: KindName): readonly string[] {
  const { plural, singular, shortNames } = KINDS[name]
  return [plural, singular, ...shortNames]
}

function pluralsOf(): string {
  return SERVED.map((name) => KINDS[name].plural).join(', ')
}
