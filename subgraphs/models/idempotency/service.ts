import { createHash } from 'node:crypto'
import { chosenProject, type Identity } from '../../../kernel/auth/identity.ts'
import { conflict, invalidInput } from '../../../kernel/errors.ts'
import type { Calls } from './ports.ts'

export const idempotencyKeyText =
  'A second call with the same key and input does nothing, and is answered like the first.'

interface Input {
  readonly project?: string | null
  readonly idempotencyKey?: string | null
}

/**
 * Does the work unless it was done under this key; `load` reads what it made. Throws CONFLICT where the key stands for
 * something else, or its first call has not ended.
 */
export async function once<Row extends { readonly id: string }>(
  { calls, identity }: { readonly calls: Calls; readonly identity: Identity },
  operation: string,
  input: Input,
  work: () => Promise<Row>,
  load: (id: string) => Promise<Row | null>,
): Promise<Row> {
  const { idempotencyKey: key, ...given } = input
  if (key == null) return work()
  if (!/^[\x20-\x7e]{1,200}$/.test(key)) throw badKey(key)
  const digest = createHash('sha256').update(JSON.stringify(given)).digest('hex')
  const call = { project: chosenProject(identity, input.project), key, operation, input: digest }

  const known = await calls.begin(call)
  if (known) {
    if (known.operation !== operation || known.input !== digest) throw keyTaken(key, known.operation)
    const row = known.result === '' ? null : await load(known.result)
    if (!row) throw stillRunning(key)
    return row
  }
  try {
    const row = await work()
    await calls.finish(call, row.id)
    return row
  } catch (error) {
    await calls.abandon(call)
    throw error
  }
}

const badKey = (key: string) =>
  invalidInput(
    `An idempotency key has 1 to 200 printable ASCII characters, and ${JSON.stringify(key.slice(0, 40))} has not: choose another.`,
  )

const keyTaken = (key: string, operation: string) =>
  conflict(`The idempotency key "${key}" stands for another call of \`${operation}\`: choose a new one.`)

const stillRunning = (key: string) =>
  conflict(`The call with the idempotency key "${key}" has not ended, or what it made is gone: ask again in a moment.`)
