import { AppError } from '#core/errors.ts'

const MAX_LENGTH = 100
// Control and format characters, halves of pairs, unassigned ones, line and paragraph separators.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u

/** @throws AppError `INVALID` for a name that is empty, too long or not printable */
export function checkUserName(name: string): void {
  if (name.trim() === '') throw invalid('is empty')
  if (Array.from(name).length > MAX_LENGTH) throw invalid(`has more than ${MAX_LENGTH} characters`)
  if (UNPRINTABLE.test(name)) throw invalid('has a character that cannot be printed')
}

function invalid(why: string): AppError {
  return new AppError('INVALID', `the user name ${why}`)
}
