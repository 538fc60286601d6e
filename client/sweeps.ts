import type { Connection } from './connection.ts'
import * as documents from './generated/graphql.ts'
import { type Page, type PageInput, pageOf } from './page.ts'

export type Sweep = documents.SweepFieldsFragment
/** As lists have it: without its trials, of which it may have hundreds. */
export type ListedSweep = documents.ListedSweepFieldsFragment
export type SweepTrial = documents.TrialFieldsFragment
export type { SweepDimension, SweepSearchInput } from './generated/graphql.ts'

export const sweepMethods = ({ transport, project }: Connection) => ({
  /** Searches the settings of a training; `input` is what all trials have in common. */
  startSweep: (input: documents.StartCognateInput, search: documents.SweepSearchInput): Promise<Sweep> =>
    transport.field(documents.StartSweepDocument, 'startSweep', { input: { project, ...input }, search }),

  sweep: (id: string): Promise<Sweep> => transport.field(documents.SweepDocument, 'sweep', { id }),

  sweeps: async (input: PageInput = {}): Promise<Page<ListedSweep>> =>
    pageOf(await transport.field(documents.SweepsDocument, 'sweeps', input)),

  pauseSweep: (id: string): Promise<Sweep> => transport.field(documents.PauseSweepDocument, 'pauseSweep', { id }),

  resumeSweep: (id: string): Promise<Sweep> => transport.field(documents.ResumeSweepDocument, 'resumeSweep', { id }),

  /** Stops a sweep and all its trials for good. */
  cancelSweep: (id: string): Promise<Sweep> => transport.field(documents.CancelSweepDocument, 'cancelSweep', { id }),
})
