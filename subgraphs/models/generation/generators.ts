import { randomInt } from 'node:crypto'
import { tooManyWaiting } from './errors.ts'
import { type Generator, startGenerator } from './generator.ts'
import type { Generators, Loadable } from './ports.ts'
import type { LoadOrder } from './protocol.ts'

export interface GeneratorsOptions extends Omit<LoadOrder, 'files'> {
  /** Models kept in memory at once. */
  readonly kept: number
  /** Milliseconds that a model stays in memory after its last use. */
  readonly idleMs: number
  /** Milliseconds that one generation may take, loading included. */
  readonly limitMs: number
  /** Requests that may wait, over all models. */
  readonly queued: number
}

/** A process for each model in use; the one unused for longest makes room for the next. */
export function openGenerators(options: GeneratorsOptions): Generators & AsyncDisposable {
  const { kept, idleMs, limitMs, queued, ...how } = options
  // In the order of their last use.
  const running = new Map<string, { readonly generator: Generator; readonly idle: NodeJS.Timeout }>()
  const waiting = () => running.values().reduce((sum, { generator }) => sum + generator.waiting, 0)

  function start({ id, files }: Loadable) {
    const generator = startGenerator({ ...how, files }, limitMs)
    const idle = setTimeout(() => {
      if (generator.waiting === 0) generator.stop()
    }, idleMs).unref()
    generator.ended.then(() => {
      clearTimeout(idle)
      if (running.get(id)?.generator === generator) running.delete(id)
    })
    return { generator, idle }
  }

  function makeRoom(): void {
    for (const [id, { generator }] of running) {
      if (running.size < kept) return
      if (generator.waiting > 0) continue
      generator.stop()
      running.delete(id)
    }
    if (running.size >= kept) throw tooManyWaiting(waiting())
  }

  return {
    async generate(version, request) {
      if (waiting() >= queued) throw tooManyWaiting(waiting())
      if (!running.has(version.id)) makeRoom()
      const used = running.get(version.id) ?? start(version)
      running.delete(version.id)
      running.set(version.id, used)
      return used.generator.generate(request).finally(() => used.idle.refresh())
    },
    newSeed: () => randomInt(2 ** 31),
    async [Symbol.asyncDispose]() {
      const generators = Array.from(running.values(), ({ generator }) => generator)
      for (const generator of generators) generator.stop()
      await Promise.all(generators.map(({ ended }) => ended))
    },
  }
}
