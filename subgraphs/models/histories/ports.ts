/** What the events have said of a job. */
export interface JobFacts {
  readonly id: string
  readonly seed: number | null
  readonly totalSteps: number | null
  readonly executor: string | null
  readonly nodeId: string | null
  readonly startedAt: Date | null
}

export interface CurvePoint {
  readonly jobId: string
  readonly name: string
  readonly step: number
  readonly value: number
}

export interface Histories {
  /** Adds what is known now to what was known before. */
  note(job: { readonly id: string; readonly project: string } & Partial<JobFacts>): Promise<void>
  facts(jobIds: readonly string[]): Promise<readonly JobFacts[]>
  /** A point that is there already is not written twice. */
  addPoints(points: readonly CurvePoint[]): Promise<void>
  /** In the order of steps. */
  curves(jobIds: readonly string[]): Promise<readonly CurvePoint[]>
}
