import type { Page } from '../registry/ports.ts'
import type { Handoff, HandoffStatus, Step } from './handoff.ts'

export interface HandoffFilter {
  readonly project?: string
  readonly runId?: string
  readonly status?: HandoffStatus
}

/** Each call may come twice and changes nothing the second time. */
export interface Handoffs {
  offer(step: Step, versionId: string, at: Date): Promise<void>
  /** Also takes back a rejection, where the run went on after all. */
  accept(versionIds: readonly string[], takenById: string, at: Date): Promise<void>
  /** Of a step that made nothing. A step that is tried again may still offer. */
  fail(step: Step, reason: string, at: Date): Promise<void>
  /** Rejects what is still offered in the run. */
  close(runId: string, reason: string, at: Date): Promise<void>
  list(filter: HandoffFilter, page: Page): Promise<readonly Handoff[]>
  ofVersions(versionIds: readonly string[]): Promise<readonly Handoff[]>
}
