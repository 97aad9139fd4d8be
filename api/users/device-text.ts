import { AppError } from '#core/errors.ts'

const MAX_LENGTH = 500
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** Gives a device's own words as people may see them: a device is not trusted to keep them short or on one line. */
export function toDeviceText(text: string): string {
  const line = text.toWellFormed().replaceAll(CONTROL, ' ').trim()
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH).toWellFormed()}…` : line
}

/** Makes the failure of a device that says why in its own words. */
export function deviceFailure(text: string): AppError {
  return new AppError('DEVICE_FAILED', toDeviceText(text))
}
