import { invalidInput } from '../../kernel/errors.ts'

/** The key as it is stored; throws INVALID_INPUT for one that is empty or longer than 200 characters. */
export function checkedIdempotencyKey(key: string | null | undefined): string | null {
  if (key == null) return null
  if (key.length >= 1 && key.length <= 200) return key
  throw invalidInput(`An idempotency key has 1 to 200 characters, but "${key.slice(0, 40)}" has ${key.length}.`)
}
