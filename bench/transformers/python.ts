import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Program } from './program.ts'

/** Python's transformers on PyTorch, with the safetensors export in `folder`. `python` has torch, transformers and safetensors. */
export async function openPython(python: string, folder: string): Promise<Program> {
  const child = spawn(python, [join(import.meta.dirname, 'program.py'), folder], {
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const failed = once(child, 'error').then(([error]) => Promise.reject(error))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function next<T>(): Promise<T> {
    const { value, done } = await Promise.race([lines.next(), failed])
    if (done) throw new Error(`${python} ended: it needs torch, transformers and safetensors`)
    return JSON.parse(value)
  }
  function ask<T>(question: object): Promise<T> {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    return next()
  }
  const { unmatched } = await next<{ unmatched: readonly string[] }>()
  if (unmatched.length > 0) throw new Error(`transformers has no use for, or misses, ${unmatched.join(', ')}`)
  return {
    name: 'transformers (Python)',
    tokenize: text => ask<number[]>({ text }),
    logits: async ids => (await ask<number[][]>({ ids })).map(row => Float32Array.from(row)),
    generate: (ids, count) => ask<number[]>({ ids, count }),
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit')
      child.stdin.end()
      await exit
    },
  }
}
