import { type Files, readHuggingFace } from '../../../engine/formats/huggingface.ts'
import { type Decoder, openDecoder } from '../../../engine/generation/decoder.ts'
import { openTextExecutor } from '../../../engine/generation/text-executor.ts'
import { createStreamDecoder } from '../../../engine/tokenizing/stream-decoder.ts'
import { END_OF_TEXT, type Tokenizer } from '../../../engine/tokenizing/tokenizer.ts'
import { openBlobs } from '../../../kernel/blobs/open.ts'
import type { Continuation, GenerationRequest } from '../generation/generation.ts'
import type { LoadOrder } from './protocol.ts'
import { stopWatch } from './stops.ts'

/** A model in memory. */
export interface Loaded {
  readonly decoder: Decoder
  readonly tokenizer: Tokenizer
}

export async function loadModel({ files, blobs, executor, threads }: LoadOrder): Promise<Loaded> {
  const store = await openBlobs(blobs)
  const read = await Promise.all(files.map(async ({ path, digest }) => [path, await store.bytes(digest)] as const))
  const contents: Files = Object.fromEntries(read)
  const { config, parameters, tokenizer } = readHuggingFace(contents)
  return { decoder: await openDecoder(await openTextExecutor(executor, threads), config, parameters), tokenizer }
}

export async function continueText(
  { decoder, tokenizer }: Loaded,
  request: GenerationRequest,
  signal?: AbortSignal,
  onText: (piece: string) => void = () => {},
): Promise<Continuation> {
  const started = performance.now()
  const end = tokenizer.specialTokens.get(END_OF_TEXT)
  const prompt = tokenizer.encode(request.prompt)
  // Something must come first: nothing is the beginning of a text, which is the end of the one before.
  const begun = prompt.length === 0 && end !== undefined ? [end] : prompt

  const text = createStreamDecoder(tokenizer)
  const parts: string[] = []
  const watch = stopWatch(request.stop ?? [], piece => {
    parts.push(piece)
    onText(piece)
  })
  let tokens = 0
  const stopTokens = end === undefined ? [] : [end]
  for await (const token of decoder.generate(begun, {
    ...request,
    stopTokens,
    choices: tokenizer.vocabularySize,
    signal,
  })) {
    tokens += 1
    watch.push(text.push(token))
    if (watch.isStopped) break
  }
  watch.push(text.end())
  watch.end()
  return {
    text: parts.join(''),
    promptTokens: prompt.length,
    tokens,
    finishReason: tokens === request.maxTokens && !watch.isStopped ? 'LENGTH' : 'STOP',
    seconds: (performance.now() - started) / 1000,
  }
}
