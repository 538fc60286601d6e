import { CommanderError } from 'commander'
import { createProgram } from './program.ts'
import { processConsole } from './session.ts'

/** `npm run forge -- …`: status 0 when it went well, 1 when it failed, 2 when it was used wrongly, 130 on Ctrl-C. */
const leave = new AbortController()
process.on('SIGINT', () => {
  if (leave.signal.aborted) process.exit(130)
  process.exitCode = 130
  leave.abort()
})
// A reader that has left (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

try {
  await createProgram(processConsole(leave.signal)).parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
