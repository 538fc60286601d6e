import { randomInt } from 'node:crypto'
import { tooManyWaiting } from '../generation/errors.ts'
import type { Generators, Loadable } from '../generation/ports.ts'
import { type Generator, startGenerator } from './generator.ts'
import type { LoadOrder } from './protocol.ts'

export interface GeneratorsOptions extends Omit<LoadOrder, 'files'> {
  /** Bytes of the weights that are kept in memory at once; one model is always let in. */
  readonly keptBytes: number
  /** Milliseconds that a model stays in memory after its last use. */
  readonly idleMs: number
  /** Milliseconds that one generation may take, loading included. */
  readonly limitMs: number
  /** Requests that may wait, over all models. */
  readonly queued: number
}

/** A process for each model in use; the one unused for longest makes room for the next. */
export function openGenerators(options: GeneratorsOptions): Generators & AsyncDisposable {
  const { keptBytes, idleMs, limitMs, queued, ...how } = options
  // In the order of their last use; one that has been stopped is in `alive` only, until its process is gone.
  const running = new Map<string, Running>()
  const alive = new Set<Generator>()
  const waiting = () => alive.values().reduce((sum, generator) => sum + generator.waiting, 0)

  function start({ id, files }: Loadable): Running {
    const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    makeRoom(bytes)
    const generator = startGenerator({ ...how, files }, limitMs)
    const idle = setTimeout(() => {
      if (generator.waiting === 0) stop(id, generator)
    }, idleMs).unref()
    alive.add(generator)
    generator.ended.then(() => {
      clearTimeout(idle)
      stop(id, generator)
      alive.delete(generator)
    })
    return { generator, idle, bytes }
  }

  function makeRoom(bytes: number): void {
    const held = () => running.values().reduce((sum, model) => sum + model.bytes, bytes)
    for (const [id, { generator }] of running) {
      if (held() <= keptBytes) return
      if (generator.waiting === 0) stop(id, generator)
    }
    if (running.size > 0 && held() > keptBytes) throw tooManyWaiting(waiting())
  }

  function stop(id: string, generator: Generator): void {
    if (running.get(id)?.generator === generator) running.delete(id)
    generator.stop()
  }

  return {
    async generate(version, request, listening) {
      listening?.signal?.throwIfAborted()
      if (waiting() >= queued) throw tooManyWaiting(waiting())
      const known = running.get(version.id)
      running.delete(version.id)
      const used = known?.generator.usable ? known : start(version)
      running.set(version.id, used)
      return used.generator.generate(request, listening).finally(() => used.idle.refresh())
    },
    newSeed: () => randomInt(2 ** 31),
    async [Symbol.asyncDispose]() {
      const ending = Array.from(alive, ({ ended }) => ended)
      for (const generator of alive) generator.stop()
      await Promise.all(ending)
    },
  }
}

interface Running {
  readonly generator: Generator
  /** Of its files. */
  readonly bytes: number
  /** Stops the generator when it fires; each use puts it off. */
  readonly idle: NodeJS.Timeout
}
