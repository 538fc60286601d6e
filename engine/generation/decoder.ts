import { setImmediate } from 'node:timers/promises'
import { EngineError } from '../errors.ts'
import { disposeAll, type Executor, type Program, type Value } from '../executors/executor.ts'
import { type LlamaConfig, validateConfig } from '../models/llama-config.ts'
import { parameterShapes } from '../models/llama-parameters.ts'
import { seededRandom } from '../random.ts'
import { type Generation, requireToken, validateGeneration } from './generation.ts'
import { prefills } from './prefills.ts'
import { type Read, rounds } from './rounds.ts'
import { sampleToken } from './sampling.ts'

interface Reading extends Disposable {
  /** Logits of the token after those read, [vocabulary]. */
  readonly logits: Float32Array
  /** Reads one more token; this reading can no longer be used. Throws INVALID_INPUT when the context is full. */
  read(token: number): Promise<Reading>
}

/** Generates text with a cache of keys and values. Generations that overlap are read together, token by token. */
export interface Decoder extends AsyncDisposable {
  readonly config: LlamaConfig
  /** Reads a prompt of 1 to contextLength tokens. */
  prefill(prompt: ArrayLike<number>): Promise<Reading>
  /**
   * Yields up to maxTokens tokens that follow the prompt. A prompt beyond the context loses its beginning; where the
   * text reaches the end of the context, its last half is read again as the start of a new one.
   */
  generate(prompt: ArrayLike<number>, options: Generation): AsyncGenerator<number, void>
}

/** Throws INVALID_INPUT on a configuration that cannot be built, or parameters that do not fit it. */
export async function openDecoder(
  executor: Executor,
  config: LlamaConfig,
  parameters: Readonly<Record<string, Float32Array>>,
): Promise<Decoder> {
  validateConfig(config)
  await using opened = new AsyncDisposableStack()
  const weights = Object.entries(parameterShapes(config)).map(([name, shape]) => {
    if (!parameters[name]) throw new EngineError('INVALID_INPUT', `parameter ${name} is missing`)
    return [name, opened.use(executor.value(parameters[name], shape))] as const
  })
  const run = inTurn(Object.fromEntries(weights))
  const prompts = opened.use(prefills(executor, config))
  const together = opened.use(rounds(executor, config, run))

  const reading = ({ logits, place }: Read, length: number): Reading => ({
    logits,
    async read(token) {
      if (length === config.contextLength) {
        throw new EngineError('INVALID_INPUT', `the context of ${length} tokens is full: start again with its end`)
      }
      requireToken(config, token)
      return reading(await together.read({ token, position: length, place }), length + 1)
    },
    [Symbol.dispose]: () => together.leave(place),
  })

  async function prefill(prompt: ArrayLike<number>): Promise<Reading> {
    if (prompt.length === 0 || prompt.length > config.contextLength) {
      throw new EngineError('INVALID_INPUT', `the prompt has ${prompt.length} tokens, not 1 to ${config.contextLength}`)
    }
    for (const token of Array.from(prompt)) requireToken(config, token)
    const { program, length } = await prompts.forPrompt(prompt.length)
    const padded = new Int32Array(length)
    padded.set(prompt)
    using tokens = executor.value(padded, [1, length])
    using last = executor.value(Int32Array.of(prompt.length - 1), [1])
    const outputs = await run(program, { tokens, last })
    const logits = (outputs.logits!.data() as Float32Array).slice()
    const place = together.join(outputs)
    disposeAll(outputs)
    return reading({ logits, place }, prompt.length)
  }

  async function* generate(prompt: ArrayLike<number>, options: Generation): AsyncGenerator<number, void> {
    validateGeneration(options)
    const random = seededRandom(options.seed)
    const stops = new Set(options.stopTokens)
    const text = Array.from(prompt).slice(-config.contextLength)
    let current = await prefill(text)
    try {
      for (let count = 1; ; count++) {
        // A run may block the thread: let streams flush and the signal arrive.
        await setImmediate()
        options.signal?.throwIfAborted()
        const token = sampleToken(current.logits.subarray(0, options.choices), options, random)
        if (stops.has(token)) return
        yield token
        if (count === options.maxTokens) return

        text.push(token)
        if (text.length <= config.contextLength) current = await current.read(token)
        else {
          text.splice(0, text.length - Math.ceil(config.contextLength / 2))
          const full = current
          current = await prefill(text)
          full[Symbol.dispose]()
        }
      }
    } finally {
      current[Symbol.dispose]()
    }
  }

  const resources = opened.move()
  return { config, prefill, generate, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** Runs of a program must not overlap: each waits for the one before, whatever became of it. */
function inTurn(weights: Record<string, Value>) {
  let before: Promise<unknown> = Promise.resolve()
  return (program: Program, feeds: Record<string, Value>): Promise<Record<string, Value>> => {
    const start = () => program.run({ ...weights, ...feeds })
    const result = before.then(start, start)
    before = result
    return result
  }
}
