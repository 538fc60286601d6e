import { monotonicFactory } from 'ulid'

const next = monotonicFactory()

/** A typed id that sorts by the time it was made: `job_01J9…` (26 characters of Crockford base 32 after the prefix). */
export const newId = (prefix: string): string => `${prefix}_${next()}`
