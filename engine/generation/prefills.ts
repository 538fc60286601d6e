import type { Executor, Program } from '../executors/executor.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import { prefillGraph } from './decoder-graphs.ts'

const SHORTEST = 16

/** Programs that read prompts. */
export interface Prefills extends AsyncDisposable {
  /** One that reads `length` tokens, of which the prompt's are the first; made when a prompt first asks for it. */
  forPrompt(tokens: number): Promise<{ readonly program: Program; readonly length: number }>
}

/** A few lengths serve all prompts, so that a short one does not take the time of the whole context. */
export function prefillLength({ contextLength }: LlamaConfig, tokens: number): number {
  return Math.min(contextLength, Math.max(SHORTEST, 2 ** Math.ceil(Math.log2(tokens))))
}

export function prefills(executor: Executor, config: LlamaConfig): Prefills {
  const programs = new Map<number, Promise<Program>>()
  return {
    async forPrompt(tokens) {
      const length = prefillLength(config, tokens)
      const program = programs.get(length) ?? executor.compile(prefillGraph(config, length))
      programs.set(length, program)
      return { program: await program, length }
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs.values()) await (await program)[Symbol.asyncDispose]()
    },
  }
}
