import { context } from '@opentelemetry/api'
import pg from 'pg'
import { inSpan, isTraced, SpanKind } from './spans.ts'

type Callback = (...args: unknown[]) => void

/** A connection whose statements are spans, named by what they do to which table; their values are never recorded. */
class TracedClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg declares a dozen overloads, of which this passes on every one.
  override query(...args: any[]): any {
    const query = super.query.bind(this) as (...args: unknown[]) => Promise<unknown>
    const [statement] = args
    const text: unknown = typeof statement === 'string' ? statement : statement?.text
    if (typeof text !== 'string' || typeof statement?.submit === 'function' || !isTraced()) return query(...args)

    const { name, operation, table } = describe(text)
    const attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': this.database,
      'db.operation.name': operation,
      ...(table && { 'db.collection.name': table }),
    }
    const callback = args.at(-1)
    const options = { kind: SpanKind.CLIENT, attributes }
    if (typeof callback !== 'function') return inSpan(name, options, () => query(...args))

    const settled = inSpan(
      name,
      options,
      () =>
        new Promise<unknown[]>((resolve, reject) => {
          query(...args.slice(0, -1), (error: unknown, ...rest: unknown[]) =>
            error ? reject(error) : resolve([error, ...rest]),
          )
        }),
    )
    const answer = context.bind(context.active(), callback as Callback)
    settled.then(
      results => process.nextTick(answer, ...results),
      error => process.nextTick(answer, error),
    )
  }
}

/** A pool whose statements are spans of whatever asked for them, also when they had to wait for a connection. */
export class TracedPool extends pg.Pool {
  constructor(options: pg.PoolConfig) {
    super({ ...options, Client: TracedClient } as pg.PoolConfig)
  }

  // biome-ignore lint/suspicious/noExplicitAny: two overloads of pg.
  override connect(callback?: any): any {
    return callback ? super.connect(context.bind(context.active(), callback)) : super.connect()
  }
}

const table = /\b(?:FROM|INTO|UPDATE|JOIN)\s+(?:ONLY\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)/i

function describe(text: string): { readonly name: string; readonly operation: string; readonly table?: string } {
  const operation = (/[A-Za-z]+/.exec(text)?.[0] ?? 'statement').toUpperCase()
  const found = /^(SELECT|INSERT|UPDATE|DELETE|WITH)$/.test(operation) ? table.exec(text)?.[1] : undefined
  if (!found) return { name: operation, operation }
  const plain = found.replaceAll('"', '').replace(/^public\./, '')
  return { name: `${operation} ${plain}`, operation, table: plain }
}
