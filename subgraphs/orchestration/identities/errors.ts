import { conflict, invalidInput, notFound, unauthenticated } from '../../../kernel/errors.ts'
import type { ApiKey } from './key.ts'

export const unknownKey = () =>
  unauthenticated(
    'This API key is not known here: take the one in the `admin-key` file of the data folder, or ask an admin for one.',
  )

export const deadKey = ({ prefix, revokedAt, expiresAt }: ApiKey) =>
  unauthenticated(
    `The API key ${prefix}… ${revokedAt ? 'was revoked' : 'expired'} at ${(revokedAt ?? expiresAt)!.toISOString()}: take another.`,
  )

export const keyNotFound = (id: string) =>
  notFound(`There is no API key "${id}" in your project: \`apiKeys\` lists them.`)

export const badKeyName = (name: string) =>
  invalidInput(`The name of a key has 1 to 100 characters, but "${name.slice(0, 40)}" has ${name.length}.`)

export const badLifetime = (seconds: number) =>
  invalidInput(`\`expiresInSeconds\` is ${seconds}: give at least 1, or leave it out for a key that stays valid.`)

export const keyReused = (idempotencyKey: string, key: ApiKey) =>
  conflict(
    `The idempotency key "${idempotencyKey}" belongs to ${key.id}, which was asked for with other input: take another, or repeat that input.`,
  )
