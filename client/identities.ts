import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'

export type Viewer = NonNullable<documents.ViewerQuery['viewer']>
export type ApiKey = documents.ApiKeyFieldsFragment
export type CreatedApiKey = documents.CreateApiKeyMutation['createApiKey']
export type AuditEntry = NonNullable<documents.AuditLogQuery['auditLog']>['edges'][number]['node']
export type LoginCode = documents.CreateLoginCodeMutation['createLoginCode']

export const identityMethods = ({ transport }: Connection) => ({
  /** Who this client is to the forge. */
  viewer: (): Promise<Viewer> => transport.field(documents.ViewerDocument, 'viewer', {}),

  apiKeys: async (input: PageInput = {}): Promise<Page<ApiKey>> =>
    pageOf(await transport.field(documents.ApiKeysDocument, 'apiKeys', input)),

  /** Makes an API key; its `key` can be read this once. */
  createApiKey: (input: documents.CreateApiKeyInput): Promise<CreatedApiKey> =>
    transport.field(documents.CreateApiKeyDocument, 'createApiKey', { input }),

  revokeApiKey: (id: string): Promise<ApiKey> =>
    transport.field(documents.RevokeApiKeyDocument, 'revokeApiKey', { id }),

  /** A code that opens one session of a browser. */
  createLoginCode: (): Promise<LoginCode> => transport.field(documents.CreateLoginCodeDocument, 'createLoginCode', {}),

  auditLog: async (input: PageInput = {}): Promise<Page<AuditEntry>> =>
    pageOf(await transport.field(documents.AuditLogDocument, 'auditLog', input)),
})
