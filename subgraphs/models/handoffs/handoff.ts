/** `OFFERED`: a step's version waits for the next. `ACCEPTED`: a version was made from it. `REJECTED`: `reason` says why not. */
export const handoffStatuses = ['OFFERED', 'ACCEPTED', 'REJECTED'] as const
export type HandoffStatus = (typeof handoffStatuses)[number]

/** What one step of a run hands to those behind it. */
export interface Handoff {
  readonly id: string
  readonly project: string
  readonly runId: string
  readonly stepName: string
  /** Null where the step made nothing that could be handed over. */
  readonly versionId: string | null
  readonly status: HandoffStatus
  readonly reason: string | null
  /** The version that was made from it. */
  readonly takenById: string | null
  readonly offeredAt: Date
  readonly settledAt: Date | null
}

export type Step = Pick<Handoff, 'project' | 'runId' | 'stepName'>
