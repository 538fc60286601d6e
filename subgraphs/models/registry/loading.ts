import DataLoader from 'dataloader'
import { type Identity, mayAccess } from '../../../kernel/auth/identity.ts'

/** Reads one row per key; every key asked for in the same breath is one call. What another project owns is not there. */
export const oneEach = <Key, Row extends { readonly project: string }>(
  identity: Identity,
  load: (keys: readonly Key[]) => Promise<readonly Row[]>,
  idOfRow: (row: Row) => string,
  idOfKey: (key: Key) => string,
): DataLoader<Key, Row | null, string> =>
  new DataLoader<Key, Row | null, string>(
    async keys => {
      const rows = new Map((await load(keys)).map(row => [idOfRow(row), row]))
      return keys.map(key => {
        const row = rows.get(idOfKey(key))
        return row && mayAccess(identity, row.project) ? row : null
      })
    },
    { cacheKeyFn: idOfKey },
  )

/** Reads the rows that belong to each key, in the order that `load` gives. */
export const manyEach = <Row>(
  load: (keys: readonly string[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, readonly Row[]> =>
  new DataLoader<string, readonly Row[]>(async keys => {
    const rows = Map.groupBy(await load(keys), keyOf)
    return keys.map(key => rows.get(key) ?? [])
  })
