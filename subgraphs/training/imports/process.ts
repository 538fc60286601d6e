import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../../../kernel/log.ts'
import type { FromImporter, ImportOrder, ImportProgress } from '../importer/protocol.ts'

const entry = join(import.meta.dirname, '..', 'importer', 'main.ts')
/** Of what it prints at its end. */
const keptCharacters = 2_000

export type Ending = Exclude<FromImporter, { kind: 'progress' }> | { readonly kind: 'lost'; readonly reason: string }

/** Imports in a process of its own, which no other request waits for, and which ends when `signal` aborts. */
export function importInProcess(
  order: ImportOrder,
  report: (progress: ImportProgress) => void,
  signal: AbortSignal,
  log: Log,
): Promise<Ending> {
  const child = fork(entry, { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  if (signal.aborted) kill()
  if (child.pid !== undefined) lowerPriority(child.pid, log)

  let printed = ''
  child.stderr!.setEncoding('utf8').on('data', text => {
    printed = (printed + text).slice(-keptCharacters)
  })
  let ending: Ending | undefined
  child.on('message', (message: FromImporter) => {
    if (message.kind === 'progress') report(message)
    else ending = message
  })
  // A process that could not be started hears nothing, which its end says.
  child.send(order, () => {})
  return new Promise(resolve => {
    const end = (reason: string) => {
      signal.removeEventListener('abort', kill)
      if (printed !== '') log.warn({ printed }, 'an importing process printed')
      resolve(ending ?? { kind: 'lost', reason })
    }
    child.on('error', error => end(`it could not be started: ${error.message}`))
    child.on('close', (code, ended) => end(ended ? `it was ended by ${ended}` : `it ended with code ${code}`))
  })
}

/** Imports must not make the forge slow to answer. */
function lowerPriority(pid: number, log: Log): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch (error) {
    log.warn({ err: error }, 'an importing process keeps its priority')
  }
}
