import { setImmediate } from 'node:timers/promises'
import { disposeAll, type Executor, type Program, type Value } from '../executors/executor.ts'
import type { LlamaConfig } from '../models/llama-config.ts'
import { cacheShape, tokenGraph } from './decoder-graphs.ts'
import { type Place, textCaches } from './text-caches.ts'

/** Texts that one run reads a token of. */
const MOST_TEXTS = 16

/** The next token of a text, which is kept in its place, or in the one that takes over from it. */
export interface Step {
  readonly token: number
  readonly position: number
  readonly place: Place
}

export interface Read {
  /** Logits of the token after it, [vocabulary]. */
  readonly logits: Float32Array
  readonly place: Place
}

export type Run = (program: Program, feeds: Record<string, Value>) => Promise<Record<string, Value>>

/** Reads tokens, those that come at the same time in one run. */
export interface Rounds extends AsyncDisposable {
  /** A text joins, whose prompt was read on its own, with the outputs of that run. */
  join(outputs: Readonly<Record<string, Value>>): Place
  read(step: Step): Promise<Read>
  leave(place: Place): void
}

type Waiting = PromiseWithResolvers<Read> & { readonly step: Step }

/** Turns of the event loop in which a run waits for texts that are about to ask for their next token. */
const PATIENCE = 5

/**
 * Continuous batching (Yu et al. 2022, "Orca"): what is batched is one token of each text, so that a text joins at the
 * next token and leaves after its last, and nobody waits for the end of another's. A program is made for each power of
 * two of texts when so many first come together; rows that are nobody's are filler.
 */
export function rounds(executor: Executor, config: LlamaConfig, run: Run): Rounds {
  const programs = new Map<number, Promise<Program>>()
  const caches = textCaches(config)
  let waiting: Waiting[] = []
  let isUnderway = false
  /** Texts that have joined and not left. */
  let present = 0

  const programFor = (texts: number): Promise<Program> => {
    const program = programs.get(texts) ?? executor.compile(tokenGraph(config, texts))
    programs.set(texts, program)
    return program
  }

  async function round(steps: readonly Step[]): Promise<Read[]> {
    const texts = 2 ** Math.ceil(Math.log2(steps.length))
    const places = caches.together(
      steps.map(({ place }) => place),
      texts,
    )
    const [{ block }] = places as [Place]
    const [tokens, positions] = [new Int32Array(texts), new Int32Array(texts)]
    for (const [index, { token, position }] of steps.entries()) {
      tokens[places[index]!.row] = token
      positions[places[index]!.row] = position
    }

    const program = await programFor(texts)
    const cached = Object.entries(block.arrays).map(
      ([name, array]) => [name, executor.value(array, [texts, ...cacheShape(config)])] as const,
    )
    const fed = {
      ...Object.fromEntries(cached),
      tokens: executor.value(tokens, [1, texts]),
      positions: executor.value(positions, [texts]),
    }
    const outputs = await run(program, fed).finally(() => disposeAll(fed))
    const logits = (outputs.logits!.data() as Float32Array).slice()
    for (const [index, { position }] of steps.entries()) caches.keep(places[index]!, position, outputs)
    disposeAll(outputs)
    return places.map(place => ({
      logits: logits.subarray(place.row * config.vocabularySize, (place.row + 1) * config.vocabularySize),
      place,
    }))
  }

  async function readWaiting(): Promise<void> {
    isUnderway = true
    // They come back one by one. Whoever started with the first of them would read two groups in turns for ever.
    for (let turn = 0; turn < PATIENCE; turn++) {
      await setImmediate()
      if (waiting.length >= Math.min(present, MOST_TEXTS)) break
    }
    const taken = nextTexts(waiting)
    waiting = waiting.filter(text => !taken.includes(text))
    await round(taken.map(({ step }) => step)).then(
      reads => reads.forEach((read, index) => void taken[index]!.resolve(read)),
      error => taken.forEach(({ reject }) => void reject(error)),
    )
    isUnderway = false
    if (waiting.length > 0) void readWaiting()
  }

  return {
    join(outputs) {
      present += 1
      return caches.ofPrompt(outputs)
    },
    leave(place) {
      present -= 1
      caches.release(place)
    },
    read(step) {
      const read = Promise.withResolvers<Read>()
      waiting.push({ ...read, step })
      if (!isUnderway) void readWaiting()
      return read.promise
    },
    async [Symbol.asyncDispose]() {
      for (const program of programs.values()) await (await program)[Symbol.asyncDispose]()
    },
  }
}

/**
 * The text that has waited longest with all of its block, then other blocks as far as they fit whole. Texts that leave their
 * block are copied: with more texts than a run reads, some would in every run, which takes longer than to read them.
 */
function nextTexts(waiting: readonly Waiting[]): readonly Waiting[] {
  const taken: Waiting[] = []
  for (const texts of Map.groupBy(waiting, ({ step }) => step.place.block).values()) {
    if (taken.length + texts.length <= MOST_TEXTS) taken.push(...texts)
  }
  return taken
}
