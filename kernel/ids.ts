import { decodeTime, monotonicFactory } from 'ulid'

const next = monotonicFactory()

/** A typed id that sorts by the time it was made: `job_01J9…` (26 characters of Crockford base 32 after the prefix). */
export const newId = (prefix: string): string => `${prefix}_${next()}`

/** When an id was made, in ms since 1970; undefined for what `newId` never made. */
export function madeAt(id: string): number | undefined {
  const ulid = /_([0-9A-HJKMNP-TV-Z]{26})$/.exec(id)?.[1]
  return ulid !== undefined && ulid[0]! <= '7' ? decodeTime(ulid) : undefined
}
