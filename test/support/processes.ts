import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export const root = join(import.meta.dirname, '../..')

export interface Started extends AsyncDisposable {
  readonly child: ChildProcess
  /** Standard output and error so far. */
  output(): string
  /** Resolves with the exit code, or null when a signal ended it. */
  readonly exit: Promise<number | null>
}

const leave = () => process.exit()

/** Starts a command of the repository in a process group of its own; disposing ends it as Ctrl-C would. */
export function start(command: readonly string[], env: Readonly<Record<string, string>>): Started {
  const [program, ...args] = command as [string, ...string[]]
  const executable = program === 'node' ? process.execPath : program
  const child = spawn(executable, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // Vitest ends a test process with SIGTERM. What that has not disposed of, as its `beforeAll` took too long, ends with it.
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill).on('SIGTERM', leave)
  const exit = new Promise<number | null>(resolve => child.once('exit', resolve))
  exit.then(() => process.off('exit', kill).off('SIGTERM', leave))
  return {
    child,
    exit,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT')
      await exit
    },
  }
}

type Truthy<T> = Exclude<T, null | undefined | false | 0 | ''>

/** Asks every 25 ms until `holds` answers something truthy; fails with what `describe` says after `seconds`. */
export async function eventually<T>(holds: () => Promise<T> | T, what: string, seconds = 30): Promise<Truthy<T>> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const value = await holds()
    if (value) return value as Truthy<T>
    if (performance.now() > deadline) throw new Error(`Not within ${seconds} s: ${what}`)
    await pause(25)
  }
}

/** The processes whose command line or environment names `text`, this one left out. Linux only. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some(file => readIfThere(file).includes(text)))
    .map(Number)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The process ended between the listing and the read, or belongs to somebody else.
    return ''
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A port that was free a moment ago, for a process that must be told its own beforehand. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
