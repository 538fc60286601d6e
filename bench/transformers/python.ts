import { join } from 'node:path'
import { inheritedEnv } from '../../kernel/env.ts'
import { openAnswers } from '../answers.ts'
import type { Program } from './program.ts'

/** Python's transformers on PyTorch, with the safetensors export in `folder`. `python` has torch, transformers and safetensors. */
export async function openPython(python: string, folder: string): Promise<Program> {
  const program = openAnswers(
    [python, join(import.meta.dirname, 'program.py'), folder],
    { ...inheritedEnv(), HF_HUB_OFFLINE: '1' },
    'torch, transformers and safetensors',
  )
  const { unmatched } = await program.next<{ unmatched: readonly string[] }>()
  if (unmatched.length > 0) throw new Error(`transformers has no use for, or misses, ${unmatched.join(', ')}`)
  return {
    name: 'transformers (Python)',
    tokenize: text => program.ask<number[]>({ text }),
    logits: async ids => (await program.ask<number[][]>({ ids })).map(row => Float32Array.from(row)),
    generate: (ids, count) => program.ask<number[]>({ ids, count }),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}
