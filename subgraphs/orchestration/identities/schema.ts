import { resolveCursorConnection } from '@pothos/plugin-relay'
import { type Identity, type Role, roles } from '../../../kernel/auth/identity.ts'
import { pageSize } from '../../../kernel/federation.ts'
import { builder } from '../builder.ts'
import { checkedPage, type Page } from '../page.ts'
import { type ApiKey, roleOf } from './key.ts'
import { type CreatedKey, createApiKey, revokeApiKey } from './service.ts'

const RoleEnum = builder.enumType('Role', {
  description: 'What a key may do; each role may do what the ones before it may.',
  values: {
    VIEWER: { value: 'viewer', description: `Scopes: ${roles.viewer.join(', ')}.` },
    TRAINER: { value: 'trainer', description: `Scopes: ${roles.trainer.join(', ')}.` },
    OPERATOR: { value: 'operator', description: `Scopes: ${roles.operator.join(', ')}.` },
    ADMIN: { value: 'admin', description: `Scopes: ${roles.admin.join(', ')}.` },
  } as const satisfies Record<string, { value: Role; description: string }>,
})

const IdentityType = builder.objectRef<Identity>('Identity').implement({
  description: 'Who is asking.',
  fields: t => ({
    principal: t.exposeString('principal', { description: 'Id of the key or session, or `service:NAME`.' }),
    name: t.exposeString('name'),
    role: t.field({
      type: RoleEnum,
      nullable: true,
      description: 'Null for a service, whose scopes are its own.',
      resolve: identity => roleOf(identity),
    }),
    project: t.exposeString('project', { description: 'The one project that the key sees, or `*` for all.' }),
    scopes: t.exposeStringList('scopes'),
  }),
})

const ApiKeyType = builder.objectRef<ApiKey>('ApiKey').implement({
  authScopes: { scope: 'identity:write' },
  description: 'An API key, as far as it is kept: the key itself is not.',
  fields: t => ({
    id: t.exposeID('id'),
    prefix: t.exposeString('prefix', { description: 'The first characters, by which its owner tells it from others.' }),
    name: t.exposeString('name'),
    role: t.expose('role', { type: RoleEnum }),
    project: t.exposeString('project', { description: 'The one project that the key sees, or `*` for all.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', nullable: true }),
    revokedAt: t.expose('revokedAt', { type: 'DateTime', nullable: true }),
    lastUsedAt: t.expose('lastUsedAt', { type: 'DateTime', nullable: true, description: 'To the minute.' }),
  }),
})

const CreatedApiKeyType = builder.objectRef<CreatedKey>('CreatedApiKey').implement({
  fields: t => ({
    apiKey: t.expose('apiKey', { type: ApiKeyType }),
    key: t.exposeString('secret', {
      nullable: true,
      description:
        'The key. It is shown this once and cannot be had again: null when an earlier call with the same idempotency key made it.',
    }),
  }),
})

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  fields: t => ({
    name: t.string({ required: true, description: 'What or whom the key is for; 1 to 100 characters.' }),
    role: t.field({ type: RoleEnum, required: true }),
    project: t.string({
      description: 'The project that the key sees, or `*` for all; your own, or `default`, where absent.',
    }),
    expiresInSeconds: t.int({ description: 'Absent: it stays valid until it is revoked.' }),
    idempotencyKey: t.string({ description: 'A retry with the same key makes no second one.' }),
  }),
})

builder.queryFields(t => ({
  viewer: t.field({
    type: IdentityType,
    nullable: true,
    description: 'Who you are to the forge.',
    resolve: (_root, _args, { identity }) => identity,
  }),
  apiKeys: t.connection(
    {
      type: ApiKeyType,
      nullable: true,
      authScopes: { scope: 'identity:write' },
      description: 'The API keys, newest first. Admins only. Sessions of logins stand in `auditLog`.',
      resolve: (_root, args, { keys, identity }) =>
        resolveCursorConnection({ args, ...pageSize, toCursor: (key: ApiKey) => key.id }, (page: Page) =>
          keys.list(identity.project, checkedPage(page, 'key')),
        ),
    },
    { name: 'ApiKeyConnection' },
    { name: 'ApiKeyEdge' },
  ),
}))

builder.mutationFields(t => ({
  createApiKey: t.field({
    type: CreatedApiKeyType,
    authScopes: { scope: 'identity:write' },
    description: 'Makes an API key. Admins only.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, { identity, ...parts }) => createApiKey(parts, identity, input),
  }),
  revokeApiKey: t.field({
    type: ApiKeyType,
    authScopes: { scope: 'identity:write' },
    description: 'Ends a key or session for good, within seconds everywhere. Admins only.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { identity, ...parts }) => revokeApiKey(parts, identity, id),
  }),
}))
