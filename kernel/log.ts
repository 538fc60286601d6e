import { pino } from 'pino'

export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(bindings: object): Log }

const secrets = ['authorization', 'headers.authorization', 'headers.cookie', 'key', 'apiKey', 'password', 'token']

/** JSON lines on standard error, so that standard output stays the program's answer. */
export const openLog = (service: string, level: string): Log =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secrets, censor: '[secret]' },
    },
    pino.destination({ fd: 2, sync: true }),
  )
