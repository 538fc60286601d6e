import type { ElementData, ElementType, Graph, Shape } from '../graph/graph.ts'

/**
 * An array that an executor holds, maybe on a device. What a run gives back can be fed to the next without a copy.
 * Disposing it frees device memory, or lets a later run write to the array that `data` gave: copy what is to outlive it.
 * A loop disposes what it no longer needs. A program does not dispose its feeds.
 */
export interface Value extends Disposable {
  readonly shape: Shape
  readonly type: ElementType
  /** Row-major. A view or a copy: do not write into it. */
  data(): ElementData
}

/** A graph made ready to run. Runs of one program do not overlap. */
export interface Program extends AsyncDisposable {
  /** Takes a value for every input of the graph, and gives one for every output. */
  run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>>
}

/** Of these inputs every part takes its own share: they are fed `count` times as long along their first axis. */
export interface Parts {
  readonly count: number
  readonly inputs: readonly string[]
}

export interface Executor {
  readonly name: string
  readonly version: string
  readonly threads: number
  compile(graph: Graph): Promise<Program>
  /**
   * A program that runs the graph for each of several parts and gives the sums of its outputs. An executor has it for which
   * a part, whose values stay in the caches, takes less time than its share of the whole.
   */
  compileSum?(graph: Graph, parts: Parts): Promise<Program>
  /** The data is not copied where that can be avoided: do not write into it until the value is disposed. */
  value(data: ElementData, shape: Shape): Value
}

export function disposeAll(values: readonly Value[] | Readonly<Record<string, Value>>): void {
  for (const value of Object.values(values)) value[Symbol.dispose]()
}
