import { builder } from '../builder.ts'
import { createLoginCode, type LoginCode } from './service.ts'

const LoginCodeType = builder.objectRef<LoginCode>('LoginCode').implement({
  fields: t => ({
    code: t.exposeString('code', { description: "Open /login?code=… at the forge's address with it." }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
  }),
})

builder.mutationField('createLoginCode', t =>
  t.field({
    type: LoginCodeType,
    authScopes: { scope: 'identity:write' },
    description: 'Makes a code that opens one admin session of twelve hours, once, within ten minutes.',
    resolve: (_root, _args, { identity, ...parts }) => createLoginCode(parts, identity),
  }),
)
