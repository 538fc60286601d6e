import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DomainError } from '../../../kernel/errors.ts'
import { generatorDied, tooSlow } from '../generation/errors.ts'
import type { Continuation, GenerationRequest } from '../generation/generation.ts'
import type { Listening } from '../generation/ports.ts'
import type { Answer, CancelOrder, GenerateOrder, LoadOrder, Piece } from './protocol.ts'

const entry = fileURLToPath(new URL('./child.ts', import.meta.url))

/** One model in a process of its own. */
export interface Generator {
  /** False from the moment that it is stopped. */
  readonly usable: boolean
  /** Requests that it has not answered. */
  readonly waiting: number
  generate(request: GenerationRequest, listening?: Listening): Promise<Continuation>
  /** Ends the process; what waits is refused. */
  stop(): void
  /** Resolves when the process has stopped, for whatever reason. */
  readonly ended: Promise<void>
}

/** Starts a process that loads the model; a generation may take `limitMs`, and is then stopped with the process. */
export function startGenerator(order: LoadOrder, limitMs: number): Generator {
  const child = fork(entry, [], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const pending = new Map<number, PromiseWithResolvers<Continuation> & Listening>()
  let last = 0
  let usable = true
  const stop = () => {
    usable = false
    child.kill('SIGKILL')
  }

  child.on('message', (answer: Answer | Piece) => {
    if ('piece' in answer) {
      pending.get(answer.id)?.onText?.(answer.piece)
      return
    }
    settle(pending.get(answer.id), answer)
    pending.delete(answer.id)
    // The next request starts anew: what was missing may have come.
    if ('failure' in answer && !answer.failure.loaded) usable = false
    if (!usable && pending.size === 0) stop()
  })
  const ended = endOf(child).then(reason => {
    usable = false
    for (const { reject } of pending.values()) reject(generatorDied(reason))
    pending.clear()
  })
  child.send(order, endAnswersIt)

  return {
    ended,
    stop,
    get usable() {
      return usable
    },
    get waiting() {
      return pending.size
    },
    generate(request, { signal, onText } = {}) {
      const id = ++last
      const answer = Promise.withResolvers<Continuation>()
      pending.set(id, { ...answer, onText })
      // Until the child has answered that it stopped, the request still counts as waiting.
      const cancel = () => {
        answer.reject(signal!.reason)
        child.send({ cancel: id } satisfies CancelOrder, endAnswersIt)
      }
      signal?.addEventListener('abort', cancel, { once: true })
      child.send({ id, request } satisfies GenerateOrder, endAnswersIt)
      // It may hang in native code, which only the end of the process stops.
      const timer = setTimeout(() => {
        answer.reject(tooSlow(limitMs / 1000))
        stop()
      }, limitMs)
      return answer.promise.finally(() => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', cancel)
      })
    },
  }
}

function settle(waiting: PromiseWithResolvers<Continuation> | undefined, answer: Answer): void {
  if ('continuation' in answer) waiting?.resolve(answer.continuation)
  else {
    const { code, message } = answer.failure
    waiting?.reject(code ? new DomainError(code, message) : new Error(message))
  }
}

/** Why the process ended. One that could not be started has an error and no exit. */
function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  child.once('error', error => resolve(error.message))
  child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`))
  return promise
}

/** A message to a process that has just ended fails, and so do the requests that wait for that process. */
const endAnswersIt = () => {}
