import { findCompiler } from '../../../engine/executors/native/compiler.ts'

/** Why native programs cannot be compiled on this machine, for tests to skip with. */
export const noCompiler: string | undefined = await findCompiler().then(
  () => undefined,
  (error: Error) => error.message,
)
