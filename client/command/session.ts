import type { Command } from 'commander'
import { EngineError } from '../../engine/errors.ts'
import { ForgeError } from '../errors.ts'
import { connectForge, type Forge } from '../forge.ts'
import type { Screen } from './progress-bar.ts'

/** Where a command reads from and writes to. */
export interface Console {
  readonly stdout: Screen
  readonly stderr: Screen
  readonly connect: typeof connectForge
  /** Aborts when the user wants to leave. */
  readonly signal: AbortSignal
}

export const processConsole = (signal: AbortSignal): Console => ({
  stdout: process.stdout,
  stderr: process.stderr,
  connect: connectForge,
  signal,
})

/** What a command works with. */
export interface Session {
  readonly forge: Forge
  readonly json: boolean
  readonly screen: Screen
  readonly signal: AbortSignal
  say(line?: string): void
  /** The value as JSON where `--json` asks for it, otherwise as text. */
  show<T>(value: T, text: (value: T) => string): void
}

/** An outcome that is no error of the forge, and still none to go on with: status 1 without a further word. */
export class Unsuccessful extends Error {}

/** The action of a command: opens the client, closes it, and shows an error as one sentence. */
export const run =
  <Arguments extends readonly unknown[]>(
    console: Console,
    work: (session: Session, ...given: Arguments) => Promise<void>,
  ) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const { json = false, url } = command.optsWithGlobals<{ json?: boolean; url?: string }>()
    const say = (line = '') => void console.stdout.write(`${line}\n`)
    const show: Session['show'] = (value, text) => say(json ? JSON.stringify(value) : text(value))
    try {
      await using forge = console.connect(url === undefined ? {} : { url })
      const { stdout: screen, signal } = console
      await work({ forge, json, screen, signal, say, show }, ...(given.slice(0, -1) as never as Arguments))
    } catch (error) {
      process.exitCode = 1
      if (error instanceof Unsuccessful) return
      const { code, message } = refusal(error)
      console.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `${code}: ${message}\n`)
    }
  }

/** What the forge, the engine or the disk refuses is for the user to know, in one sentence; the rest is a fault. */
function refusal(error: unknown): ForgeError {
  if (error instanceof ForgeError) return error
  if (error instanceof EngineError) return new ForgeError(error.code, `${error.message}.`, { cause: error })
  const { syscall, message } = error as NodeJS.ErrnoException
  if (syscall === undefined) throw error
  return new ForgeError('INVALID_INPUT', `A file can't be used: ${message}.`, { cause: error })
}
