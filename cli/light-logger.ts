/** The severities that can be asked for, least severe first. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

interface LightLogSettings {
  readonly level: (typeof LEVELS)[number]
  readonly format: 'auto' | 'json' | 'pretty'
  readonly stream: NodeJS.WriteStream
  readonly now: () => number
}

/** A logger of a few lines: loading a whole one would double the agent's start and its memory. */
export interface LightLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Makes a logger that writes the same lines as the server's: JSON, or text for people on a terminal. */
export function createLightLogger({ level, format, stream, now }: LightLogSettings): LightLogger {
  const isText = format === 'pretty' || (format === 'auto' && stream.isTTY)
  const write = (severity: 'info' | 'warn' | 'error', fields: object, message: string): void => {
    if (LEVELS.indexOf(severity) < LEVELS.indexOf(level)) return
    const time = new Date(now()).toISOString()
    stream.write(
      isText ? toText({ time, severity, message }, fields) : toJson({ time, severity, message }, fields),
    )
  }
  return {
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  }
}

interface Line {
  readonly time: string
  readonly severity: 'info' | 'warn' | 'error'
  readonly message: string
}

// pino's numbers, so that one tool reads the logs of server and agents.
const NUMBERS = { info: 30, warn: 40, error: 50 } as const

function toJson({ time, severity, message }: Line, fields: object): string {
  return `${JSON.stringify({ level: NUMBERS[severity], time, ...fields, msg: message })}\n`
}

function toText({ time, severity, message }: Line, fields: object): string {
  const details = Object.entries(fields).map(
    ([key, value]) => `${key}=${toPlainText(typeof value === 'string' ? value : JSON.stringify(value))}`,
  )
  return `${[time.slice(11, 19), severity.toUpperCase().padEnd(5), message, ...details].join(' ')}\n`
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

// A value may be the words of a server: they must neither begin a line of their own nor steer the terminal.
function toPlainText(text: string): string {
  return text.replaceAll(CONTROL, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0')
    return String.raw`\u${code}`
  })
}
