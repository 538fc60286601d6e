import { invalidInput } from '../../../kernel/errors.ts'

export const unusableKey = (place: string) =>
  invalidInput(`${place} holds no private Ed25519 key as a JWK with a \`kid\`: mend it, or restore it from a backup.`)
