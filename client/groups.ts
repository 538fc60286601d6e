import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'

export type CognateGroup = documents.GroupFieldsFragment

export const groupMethods = ({ transport, project }: Connection) => ({
  /** Starts siblings, one model per seed (42, 1337 and 2023 where absent), each named `modelName` and its seed. */
  startCognateGroup: (input: documents.StartCognateInput, seeds?: readonly number[]): Promise<CognateGroup> =>
    transport.field(documents.StartCognateGroupDocument, 'startCognateGroup', {
      input: { project, ...input },
      ...(seeds && { seeds }),
    }),

  /** Siblings with the mean and spread of their losses. */
  cognateGroup: (id: string): Promise<CognateGroup> =>
    transport.field(documents.CognateGroupDocument, 'cognateGroup', { id }),
})
