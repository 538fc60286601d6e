import { conflict, unauthenticated } from '../../../kernel/errors.ts'

export const revokedAdminKey = () =>
  conflict('FORGE_ADMIN_KEY holds a key that was revoked or has expired: set a new one.')

export const deadCode = () =>
  unauthenticated(
    'This login code was used already, has expired or never was: `npm run forge -- login` makes a new one.',
  )
