import { invalidInput } from '../../kernel/errors.ts'

/** The key as it is stored; throws INVALID_INPUT for one that is not 1 to 200 printable ASCII characters. */
export function checkedIdempotencyKey(key: string | null | undefined): string | null {
  if (key == null || /^[\x20-\x7e]{1,200}$/.test(key)) return key ?? null
  throw invalidInput(
    `An idempotency key has 1 to 200 printable ASCII characters, and ${JSON.stringify(key.slice(0, 40))} has not: choose another.`,
  )
}
