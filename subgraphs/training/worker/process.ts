import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { withHugePages } from '../../../engine/executors/huge-pages.ts'
import { inheritedEnv } from '../../../kernel/env.ts'
import type { Log } from '../../../kernel/log.ts'
import { trainerFlags } from '../trainer/flags.ts'
import type { FromTrainer, Order, ToTrainer } from '../trainer/protocol.ts'
import { type OutputInbox, outputInbox, type Printed } from './output.ts'
import type { Priority } from './priority.ts'

const entry = join(import.meta.dirname, '..', 'trainer', 'main.ts')

/** What is heard of a process: what it reports, and what it prints. */
export type Said = FromTrainer | { readonly kind: 'output'; readonly lines: readonly Printed[] }

export interface TrainingProcess {
  readonly pid: number | undefined
  /** What it says, several messages at once when the reader was busy; ends when the process has. */
  messages(): AsyncIterable<readonly Said[]>
  /** Asks it to save a checkpoint and end. */
  stop(): void
  kill(): void
  /** Why it ended, once it has: "it was ended by SIGKILL". */
  ending(): string
}

/** Starts a process of its own for one attempt: it can be killed, and what the runtime leaks goes with it. */
export function startTrainingProcess(order: Order, { command, niceness }: Priority, log: Log): TrainingProcess {
  const [execPath, ...execArgv] = [...command, process.execPath, ...trainerFlags]
  const env = withHugePages(inheritedEnv())
  const child = fork(entry, { env, execPath, execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  lower(child, niceness, log)
  let inbox: FromTrainer[] = []
  let ended: string | undefined
  let wake = () => {}
  const output = outputInbox(
    () => new Date(),
    () => wake(),
  )
  const lastWords = follow(child, output, log)
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
      for (;;) {
        const hasEnded = ended !== undefined
        // What it printed before a report stands before it.
        const lines = output.take()
        const taken: Said[] = lines.length > 0 ? [{ kind: 'output', lines }, ...inbox] : inbox
        inbox = []
        if (taken.length > 0) yield taken
        else if (hasEnded) return
        else await new Promise<void>(resolve => (wake = resolve))
      }
    },
    stop: () => tell({ kind: 'stop' }),
    kill: () => child.kill('SIGKILL'),
    ending: () => ended ?? 'it has not ended',
  }
}

function lower({ pid }: ChildProcess, niceness: number, log: Log): void {
  if (pid === undefined || niceness === 0) return
  try {
    setPriority(pid, niceness)
  } catch (error) {
    log.warn({ err: error }, 'a training process keeps its priority')
  }
}

/** Takes what the process prints, and logs it; answers the last line of its standard error. */
function follow(child: ChildProcess, output: OutputInbox, log: Log): () => string {
  let last = ''
  const stdout = output.reader('STDOUT', line => log.debug({ line }, 'training process'))
  const stderr = output.reader('STDERR', line => {
    if (/^\w*Error\b/.test(line) || last === '') last = line
    log.warn({ line }, 'training process')
  })
  child.stdout!.on('data', stdout.push).on('end', stdout.end)
  child.stderr!.on('data', stderr.push).on('end', stderr.end)
  return () => (last === '' ? '' : `: ${last.slice(0, 300)}`)
}
