import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'

const charOid = 18
const textOid = 25

/**
 * What the schema engine works through. Its own shadow database does not serve: given a connection string the adapter
 * connects to the wrong database, it leaves connections behind, and it cannot read PostgreSQL's catalogue.
 */
export class EngineAdapter extends PrismaPg {
  readonly #url: string
  readonly #stack: AsyncDisposableStack
  #shadows = 0

  /** `stack` closes the connections, before it stops the server that `url` names. */
  constructor(url: string, stack: AsyncDisposableStack) {
    super(openPool(url, stack))
    this.#url = url
    this.#stack = stack
  }

  override async connectToShadowDb() {
    const name = `shadow_${++this.#shadows}`
    const server = await this.connect()
    await server.executeScript(`CREATE DATABASE ${name}`)
    await server.dispose()
    const pool = openPool(Object.assign(new URL(this.#url), { pathname: name }).href, this.#stack)
    return replaying(await new PrismaPg(pool).connect(), pool)
  }
}

function openPool(connectionString: string, stack: AsyncDisposableStack): pg.Pool {
  const pool = new pg.Pool({ connectionString })
  // The engine drops its scratch databases with whoever is connected yet; a query that needs a connection fails by itself.
  pool.on('error', () => {})
  stack.defer(() => pool.end())
  return pool
}

/**
 * Runs migrations whole, and reads the catalogue, whose one-letter columns have a type ("char") that the adapter refuses
 * and the engine insists on.
 */
function replaying(adapter: Awaited<ReturnType<PrismaPg['connect']>>, pool: pg.Pool): typeof adapter {
  const letters = new WeakMap<object, ReadonlySet<number>>()

  const query = pool.query.bind(pool) as (config: pg.QueryConfig) => Promise<pg.QueryResult>
  const queryAsText = async (config: pg.QueryConfig) => {
    const result = await query(config)
    const columns = result.fields.flatMap((field, index) => (field.dataTypeID === charOid ? [index] : []))
    for (const index of columns) result.fields[index]!.dataTypeID = textOid
    letters.set(result.rows, new Set(columns))
    return result
  }
  Object.assign(pool, { query: queryAsText })

  // The adapter cuts scripts at every semicolon, also inside of a function's body.
  adapter.executeScript = async script => {
    await query({ text: script })
  }

  const queryRaw = adapter.queryRaw.bind(adapter)
  adapter.queryRaw = async config => {
    const result = await queryRaw(config)
    const isLetter = (index: number) => letters.get(result.rows)?.has(index)
    const columnTypes = result.columnTypes.map((type, at) => (isLetter(at) ? ColumnTypeEnum.Character : type))
    return { ...result, columnTypes }
  }
  return adapter
}
