/** Where log lines go: what `pino` offers, as far as the API uses it. Message constant, everything else a field. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
