import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { install } from '../exports/installed.ts'

/** A GGUF file that llama.cpp has loaded. */
export interface LlamaModel extends AsyncDisposable {
  /** The ids of a text; what reads like a special token is plain text. */
  tokenize(text: string): number[]
  /** Logits after each of the tokens, [tokens][vocabulary]. */
  logits(tokens: readonly number[]): Promise<Float32Array[]>
  /** Yields the likeliest next token, so many times; as many at once as it was loaded for. */
  generate(tokens: readonly number[], count: number): AsyncGenerator<number, void>
}

interface Loading {
  /** That may be read at the same time. */
  readonly texts?: number
  /** Its cache holds 16 bits by default, which a comparison of logits would see. */
  readonly isExact?: boolean
}

/** The part of node-llama-cpp's interface that is used here; the package is not there when this is compiled. */
interface NodeLlamaCpp {
  getLlama(options: object): Promise<{
    loadModel(options: object): Promise<{
      tokenize(text: string, specialTokens: boolean): number[]
      createContext(options: object): Promise<{ getSequence(): Sequence; dispose(): Promise<void> }>
      dispose(): Promise<void>
    }>
    dispose(): Promise<void>
  }>
}

interface Sequence {
  evaluate(tokens: readonly number[], options: object): AsyncGenerator<number, void>
  controlledEvaluate(items: readonly unknown[]): Promise<readonly { next: { logits: Map<number, number> } }[]>
  clearHistory(): Promise<void>
}

/** Some 700 MB, of which most are for other graphics cards: so whoever checks installs it, not everybody. */
export async function openLlamaCpp({ threads }: { threads: number }) {
  const folder = import.meta.dirname
  install(folder, 'llama.cpp (node-llama-cpp, some 700 MB)')
  const entry = join(folder, 'node_modules/node-llama-cpp/dist/index.js')
  const { getLlama }: NodeLlamaCpp = await import(pathToFileURL(entry).href)
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    logLevel: 'error',
    maxThreads: threads,
  })
  return {
    async load(
      modelPath: string,
      contextSize: number,
      { texts = 1, isExact = true }: Loading = {},
    ): Promise<LlamaModel> {
      const model = await llama.loadModel({ modelPath })
      const cache = isExact
        ? { experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32', flashAttention: false }
        : { flashAttention: true }
      // A full context is shifted before its last token is read, whose logits are then those of a shorter text.
      const size = { contextSize: contextSize + 1, sequences: texts }
      const context = await model.createContext({ ...size, threads, ...cache })
      const sequences = Array.from({ length: texts }, () => context.getSequence())
      return {
        tokenize: text => model.tokenize(text, false),
        async logits(tokens) {
          const sequence = sequences[0]!
          await sequence.clearHistory()
          const asked = tokens.map(token => [token, { generateNext: { logits: true, options: { temperature: 0 } } }])
          const found = await sequence.controlledEvaluate(asked)
          return found.map(({ next: { logits } }) => {
            const row = new Float32Array(logits.size)
            for (const [token, logit] of logits) row[token] = logit
            return row
          })
        },
        async *generate(tokens, count) {
          if (count < 1) return
          const sequence = sequences.pop()!
          try {
            await sequence.clearHistory()
            let left = count
            for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
              yield token
              left -= 1
              if (left === 0) return
            }
          } finally {
            sequences.push(sequence)
          }
        },
        async [Symbol.asyncDispose]() {
          await context.dispose()
          await model.dispose()
        },
      }
    },
    [Symbol.asyncDispose]: () => llama.dispose(),
  }
}
