/** Values that several subgraphs share; each is defined here once and printed into every SDL that uses it. */

export const jobStatuses = ['QUEUED', 'RUNNING', 'PAUSED', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
export type JobStatus = (typeof jobStatuses)[number]

export const phases = [
  'COGNATE',
  'EVOMERGE',
  'QUIET_STAR',
  'BITNET',
  'FORGE_TRAINING',
  'TOOL_PERSONA',
  'ADAS',
  'FINAL_COMPRESSION',
] as const
export type Phase = (typeof phases)[number]

export const presets = ['NANO', 'MICRO', 'SMALL', 'COGNATE'] as const
export type Preset = (typeof presets)[number]

/** Why a job ended before its last step without having failed. */
export const stopReasons = ['EARLY_STOPPING', 'TIME_BUDGET', 'TOKEN_BUDGET'] as const
export type StopReason = (typeof stopReasons)[number]

const finished: readonly JobStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED']
export const isFinished = (status: JobStatus): boolean => finished.includes(status)

/** Who says a line of a job's log: the forge about the job, or its process. */
export const logSources = ['FORGE', 'STDOUT', 'STDERR'] as const
export type LogSource = (typeof logSources)[number]

/** The newest value of one metric; names are values (`validation_loss`), never fields. */
export interface MetricValue {
  readonly name: string
  readonly value: number
}

export interface MetricPoint extends MetricValue {
  readonly step: number
  /** ISO 8601, UTC. */
  readonly at: string
}

const modelName = /^[a-z0-9][a-z0-9._-]{0,63}$/
export const isModelName = (name: string): boolean => modelName.test(name)

/** The id of the one FleetHealth entity, by which realtime's snapshots point to it. */
export const fleetId = 'fleet'
