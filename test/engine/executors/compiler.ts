import type { TestContext } from 'vitest'
import { findCompiler } from '../../../engine/executors/native/compiler.ts'

/** Why native programs cannot be compiled on this machine. */
export const noCompiler: string | undefined = await findCompiler().then(
  () => undefined,
  (error: Error) => error.message,
)

/** Skips a test of the native executor where there is no compiler. */
export function skipWithout(executor: string, { skip }: Pick<TestContext, 'skip'>): void {
  if (executor === 'native' && noCompiler) skip(noCompiler)
}
