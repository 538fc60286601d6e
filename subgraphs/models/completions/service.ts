import type { Continuation } from '../generation/generation.ts'
import type { Generators } from '../generation/ports.ts'
import { requestOf } from '../generation/service.ts'
import { type Resolving, resolveRef } from '../versions/service.ts'
import type { CompletionRequest } from './request.ts'

/** Generates until the end, a stop or the limit, and passes the text on as it grows; `signal` ends it early. */
export async function complete(
  parts: Resolving & { readonly generators: Generators },
  { maxTokens, temperature, prompt, topP, stop, model, seed }: CompletionRequest,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<Continuation> {
  const { generators, versions } = parts
  const wanted = requestOf({ prompt, maxTokens, temperature, topP }, seed ?? generators.newSeed())
  const version = await resolveRef(parts, model)
  const files = await versions.files([version.id])
  return generators.generate({ id: version.id, files }, { ...wanted, stop }, { signal, onText })
}
