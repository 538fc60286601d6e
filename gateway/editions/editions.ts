import { unwatchFile, watchFile } from 'node:fs'
import type { Log } from '../../kernel/log.ts'
import type { Subgraph } from '../execution/subgraph.ts'
import { type LoadedSupergraph, readSupergraph } from '../execution/supergraph.ts'
import type { Subgraphs } from '../subscriptions/subscriptions.ts'
import type { Edition } from './edition.ts'

/** Between two looks at the file, in ms. It is asked for its state: a mounted file gives no notice of its changes. */
const lookEvery = 1_000
/** Time after which no request can still need a subgraph that is gone, and between two looks for subscriptions, in ms. */
const sweepEvery = 60_000

export interface Editions extends AsyncDisposable {
  /** What answers now. */
  current(): Edition
}

export interface EditionsOptions {
  /** Path of the supergraph. */
  readonly file: string
  open(supergraph: LoadedSupergraph, subgraphs: Subgraphs): Edition
  openSubgraph(name: string, composedUrl: string): Subgraph
  readonly log: Log
  readonly lookEvery?: number
}

/**
 * Serves the supergraph in a file, and the next one as soon as it stands there: what is asked for most is planned first,
 * requests under way end on the edition that they began on, and so do subscriptions that the new schema still allows.
 * A file that is no supergraph changes nothing.
 */
export async function openEditions(options: EditionsOptions): Promise<Editions> {
  const { file, open, openSubgraph, log } = options
  const subgraphs = new Map<string, Subgraph>()
  const load = async (): Promise<Edition> => {
    const supergraph = await readSupergraph(file)
    const entries = [...supergraph.subgraphs].map(([name, url]) => {
      const key = `${name} ${url}`
      const subgraph = subgraphs.get(key) ?? openSubgraph(name, url)
      subgraphs.set(key, subgraph)
      return [name, subgraph] as const
    })
    return open(supergraph, Object.fromEntries(entries))
  }

  let current = await load()
  let outdated: Edition[] = []
  const replace = async () => {
    const next = await load()
    await next.warm(current.hot())
    outdated.push(current)
    current = next
    for (const edition of outdated) edition.endInvalid(next.schema)
    log.info({ subgraphs: Object.keys(next.subgraphs) }, 'a new supergraph is served')
  }
  let turn = Promise.resolve()
  const changed = () => {
    turn = turn.then(replace).catch(error => log.error({ err: error }, 'the changed supergraph cannot be served'))
  }
  watchFile(file, { interval: options.lookEvery ?? lookEvery, persistent: false }, changed)

  /** Closes the connections of what no edition in use has any more. */
  const sweep = setInterval(() => {
    outdated = outdated.filter(edition => edition.subscriptions() > 0)
    const used = new Set([current, ...outdated].flatMap(edition => Object.values(edition.subgraphs)))
    for (const [key, subgraph] of subgraphs) {
      if (used.has(subgraph)) continue
      subgraphs.delete(key)
      void subgraph[Symbol.asyncDispose]()
    }
  }, sweepEvery)
  sweep.unref()

  return {
    current: () => current,
    async [Symbol.asyncDispose]() {
      unwatchFile(file, changed)
      clearInterval(sweep)
      await turn
      await Promise.all([...subgraphs.values()].map(subgraph => subgraph[Symbol.asyncDispose]()))
    },
  }
}
