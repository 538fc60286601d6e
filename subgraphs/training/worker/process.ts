import { type ChildProcess, fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Log } from '../../../kernel/log.ts'
import type { FromTrainer, Order, ToTrainer } from '../trainer/protocol.ts'

const entry = join(import.meta.dirname, '..', 'trainer', 'main.ts')

export interface TrainingProcess {
  readonly pid: number | undefined
  /** What it says, several messages at once when the reader was busy; ends when the process has. */
  messages(): AsyncIterable<readonly FromTrainer[]>
  /** Asks it to save a checkpoint and end. */
  stop(): void
  kill(): void
  /** Why it ended, once it has: "it was ended by SIGKILL". */
  ending(): string
}

/** Starts a process of its own for one attempt: it can be killed, and what the runtime leaks goes with it. */
export function startTrainingProcess(order: Order, log: Log): TrainingProcess {
  const child = fork(entry, { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  lowerPriority(child, log)
  const lastWords = follow(child, log)

  let inbox: FromTrainer[] = []
  let ended: string | undefined
  let wake = () => {}
  const end = (reason: string) => {
    ended ??= reason
    wake()
  }
  child.on('message', message => {
    inbox.push(message as FromTrainer)
    wake()
  })
  child.on('error', error => end(`it could not be started or reached: ${error.message}`))
  child.on('close', (code, signal) =>
    end(signal ? `it was ended by ${signal}` : `it ended with code ${code}${lastWords()}`),
  )

  // A process that has ended hears nothing more, which `close` says.
  const tell = (message: ToTrainer) => child.connected && child.send(message, () => {})
  tell(order)

  return {
    pid: child.pid,
    async *messages() {
      while (inbox.length > 0 || ended === undefined) {
        if (inbox.length === 0) await new Promise<void>(resolve => (wake = resolve))
        const taken = inbox
        inbox = []
        if (taken.length > 0) yield taken
      }
    },
    stop: () => tell({ kind: 'stop' }),
    kill: () => child.kill('SIGKILL'),
    ending: () => ended ?? 'it has not ended',
  }
}

/** Training must not make the forge slow to answer. */
function lowerPriority({ pid }: ChildProcess, log: Log): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch (error) {
    log.warn({ err: error }, 'a training process keeps its priority')
  }
}

/** Logs what the process prints; answers the last line of its standard error. */
function follow(child: ChildProcess, log: Log): () => string {
  let last = ''
  createInterface({ input: child.stdout! }).on('line', line => log.debug({ line }, 'training process'))
  createInterface({ input: child.stderr! }).on('line', line => {
    if (/^\w*Error\b/.test(line) || last === '') last = line
    log.warn({ line }, 'training process')
  })
  return () => (last === '' ? '' : `: ${last.slice(0, 300)}`)
}
