import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

type Environment = Readonly<Record<string, string | undefined>>

/** A process that says something when it is ready, and then answers each line with a line, both JSON. */
export interface Answers extends AsyncDisposable {
  /** What it says unasked. */
  next<T>(): Promise<T>
  ask<T>(question: object): Promise<T>
}

/** The process ends when its input does; should it end before, the error says what it `needs`. */
export function openAnswers(command: readonly string[], env: Environment, needs: string): Answers {
  const [file, ...args] = command
  const child = spawn(file!, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  failed.catch(() => {}) // Whoever waits for an answer hears of it.
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()

  async function next<T>(): Promise<T> {
    const { value, done } = await Promise.race([lines.next(), failed])
    if (done) throw new Error(`${file} ended: it needs ${needs}`)
    return JSON.parse(value)
  }
  return {
    next,
    ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`)
      return next()
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await closed
    },
  }
}
