import { TomlDatetime } from '#layers/value.ts'

const DATE = /^\d{4}-\d{2}-\d{2}/
const CLOCK =
  /^(?<time>\d{2}:\d{2})(?::(?<seconds>\d{2})(?:\.(?<fraction>\d+))?)?(?<offset>[Zz]|[+-]\d{2}:\d{2})?$/

/**
 * Reads a date, a time, both, or both with an offset, and writes it in normal form (spec 07 §7).
 *
 * Seconds may be missing and may be 60, the year may be 0000, a time alone has no offset; digits of the fraction after the
 * ninth are dropped, never rounded.
 *
 * @returns null if it is none, or no day or time that exists
 */
export function readDatetime(text: string): TomlDatetime | null {
  const date = DATE.exec(text)?.[0]
  if (date === undefined) {
    const clock = normalClock(text)
    return clock === null || HAS_OFFSET.test(clock) ? null : new TomlDatetime(clock)
  }
  if (!isDate(date)) return null
  if (text.length === date.length) return new TomlDatetime(date)
  const clock = 'Tt '.includes(text.charAt(date.length)) ? normalClock(text.slice(date.length + 1)) : null
  return clock === null ? null : new TomlDatetime(`${date}T${clock}`)
}

const HAS_OFFSET = /[Z+-]/

function normalClock(text: string): string | null {
  const parts = CLOCK.exec(text)?.groups
  if (parts === undefined) return null
  const { time = '', seconds = '00', fraction = '', offset = '' } = parts
  if (!isTime(time) || Number(seconds) > 60 || !isOffset(offset)) return null
  return `${time}:${seconds}${normalFraction(fraction)}${normalOffset(offset)}`
}

function isDate(date: string): boolean {
  const year = Number(date.slice(0, 4))
  const month = Number(date.slice(5, 7))
  const day = Number(date.slice(8, 10))
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

function isTime(time: string): boolean {
  return Number(time.slice(0, 2)) <= 23 && Number(time.slice(3, 5)) <= 59
}

function isOffset(offset: string): boolean {
  return offset.length < 6 || isTime(offset.slice(1))
}

function normalFraction(fraction: string): string {
  let end = Math.min(fraction.length, 9)
  while (end > 0 && fraction.charCodeAt(end - 1) === 48) end -= 1
  return end === 0 ? '' : `.${fraction.slice(0, end)}`
}

function normalOffset(offset: string): string {
  return offset === '-00:00' ? '+00:00' : offset.toUpperCase()
}
