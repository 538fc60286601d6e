import { z } from 'zod'
import { jobStatuses, logSources, phases, presets, stopReasons } from './values.ts'

/**
 * Every event that crosses a process. A field may be added; any other change raises the topic's version. The
 * envelope (id, key, project, at) is the bus's; what stands here is `data`.
 */

const day = 24 * 60 * 60 * 1000
const id = z.string().min(1)
const step = z.number().int().min(0)
const metric = z.object({ name: z.string(), value: z.number() })
const point = metric.extend({ step, at: z.iso.datetime() })
const failure = z.object({ code: z.string(), message: z.string() })
/** A stored file of a model: its path inside the version, and the blob that holds it. */
const file = z.object({ path: z.string(), digest: z.string(), sizeBytes: z.number().int().min(0) })

/** What a job belongs to besides its project: the pipeline run and the name of the step, or neither. */
const origin = { runId: id.nullable(), stepName: z.string().nullable() }

const runState = z.object({
  runId: id,
  pipeline: z.string(),
  status: z.enum(jobStatuses),
  /** From 0 to 1. */
  progress: z.number().min(0).max(1),
  steps: z.array(
    z.object({
      name: z.string(),
      status: z.enum(jobStatuses),
      jobId: id.nullable(),
      versionId: id.nullable(),
    }),
  ),
})

/** What a job has made. */
const completion = z.object({
  jobId: id,
  phase: z.enum(phases),
  attempt: z.number().int(),
  modelName: z.string(),
  step,
  totalSteps: step,
  parameterCount: z.number().int(),
  architecture: z.record(z.string(), z.unknown()),
  files: z.array(file).min(1),
  metrics: z.array(metric),
  parents: z.array(id),
  dataset: z.object({ id, fingerprint: z.string() }).nullable(),
  /** Where it ended before its last step. */
  stopReason: z.enum(stopReasons).optional(),
  /** False: its model gets no version of it, as of a rerun. */
  registers: z.boolean().optional(),
  ...origin,
})

const topic = <T extends z.ZodType>(version: number, retentionMs: number, data: T) => ({ version, retentionMs, data })

export const topics = {
  // orchestration → training; key: run id
  'step.requested': topic(
    1,
    30 * day,
    z.object({
      runId: id,
      stepName: z.string(),
      phase: z.enum(phases),
      modelName: z.string(),
      dataset: z.string().nullable(),
      preset: z.enum(presets),
      seed: z.number().int(),
      config: z.record(z.string(), z.unknown()),
      /** Versions that the steps before it made, in their order. */
      parents: z.array(id).optional(),
      /** The principal in whose name training acts. */
      principal: z.string(),
    }),
  ),
  // orchestration: the state of a run after each change; key: run id
  'run.started': topic(1, 30 * day, runState),
  'run.progressed': topic(1, 30 * day, runState),
  'run.finished': topic(1, 30 * day, runState),
  'run.cancelled': topic(1, 30 * day, z.object({ runId: id })),

  /** A key or session ended before its time; key: its id, which is the principal of its identities. */
  'key.revoked': topic(1, 30 * day, z.object({ keyId: id })),

  // training; key: job id, but `step.rejected` run id
  'step.rejected': topic(1, 30 * day, z.object({ runId: id, stepName: z.string(), error: failure })),
  'job.queued': topic(
    1,
    30 * day,
    z.object({
      jobId: id,
      phase: z.enum(phases),
      modelName: z.string(),
      totalSteps: step,
      seed: z.number().int(),
      /** Somebody had it tried again after it had failed. */
      isRetry: z.boolean().optional(),
      ...origin,
    }),
  ),
  'job.started': topic(
    1,
    30 * day,
    z.object({
      jobId: id,
      attempt: z.number().int(),
      nodeId: id,
      executor: z.string(),
      step,
      totalSteps: step,
      ...origin,
    }),
  ),
  'job.progressed': topic(
    1,
    30 * day,
    z.object({ jobId: id, attempt: z.number().int(), step, totalSteps: step, points: z.array(point), ...origin }),
  ),
  /** Lines of its log, in their order; written before the event that they tell of. */
  'job.logged': topic(
    1,
    30 * day,
    z.object({
      jobId: id,
      lines: z.array(
        z.object({
          number: z.number().int().min(1),
          at: z.iso.datetime(),
          attempt: z.number().int(),
          source: z.enum(logSources),
          event: z.string().nullable(),
          step: step.nullable(),
          text: z.string(),
        }),
      ),
    }),
  ),
  'job.checkpointed': topic(1, 30 * day, z.object({ jobId: id, step, digest: z.string(), sizeBytes: z.number() })),
  'job.paused': topic(
    1,
    30 * day,
    // The loss where it was to pause by itself.
    z.object({ jobId: id, step, totalSteps: step, validationLoss: z.number().optional(), ...origin }),
  ),
  'job.resumed': topic(1, 30 * day, z.object({ jobId: id, step, totalSteps: step, ...origin })),
  'job.completed': topic(1, 30 * day, completion),
  'job.failed': topic(1, 30 * day, z.object({ jobId: id, step, totalSteps: step, error: failure, ...origin })),
  'job.cancelled': topic(1, 30 * day, z.object({ jobId: id, step, totalSteps: step, ...origin })),

  // training: how a sweep stands after each change; key: sweep id
  'sweep.started': topic(1, 30 * day, z.object({ sweepId: id })),
  'sweep.progressed': topic(
    1,
    30 * day,
    z.object({
      sweepId: id,
      status: z.enum(jobStatuses),
      /** From 0 to 1. */
      progress: z.number().min(0).max(1),
      /** The lowest loss at the highest rung that any trial has reached. */
      loss: z.number().nullable(),
    }),
  ),
  /** Its best trial, whose model becomes a version. */
  'sweep.completed': topic(
    1,
    30 * day,
    z.object({ sweepId: id, trial: z.number().int(), loss: z.number(), job: completion }),
  ),

  /** A dataset has this content from now on; key: dataset id. */
  'dataset.added': topic(1, 30 * day, z.object({ datasetId: id, digest: z.string() })),
  /** It was deleted, or came to none after its content had been stored: it needs these bytes no more. Key: its id. */
  'dataset.dropped': topic(1, 30 * day, z.object({ datasetId: id, digest: z.string() })),

  /**
   * What the job made became no version, and nobody needs it any more; `digest` is that of the weights, and of a job that
   * was cancelled when it had made them, of each file. Key: job id.
   */
  'weights.dropped': topic(1, 30 * day, z.object({ jobId: id, digest: z.string() })),

  // models; key: version id
  'version.registered': topic(
    1,
    30 * day,
    z.object({
      versionId: id,
      modelId: id,
      modelName: z.string(),
      number: z.number().int(),
      jobId: id.nullable(),
      phase: z.enum(phases),
      digest: z.string(),
      sizeBytes: z.number(),
      /** What a merge needs of it. */
      files: z.array(file).optional(),
      architecture: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  /** An alias names another version, or none (`versionId` null); key: model id. */
  'alias.moved': topic(
    1,
    30 * day,
    z.object({
      modelId: id,
      modelName: z.string(),
      alias: z.string(),
      versionId: id.nullable(),
      previousVersionId: id.nullable(),
      principal: z.string(),
    }),
  ),
  'version.deleted': topic(1, 30 * day, z.object({ versionId: id, deletionId: id, principal: z.string() })),
  'version.restored': topic(1, 30 * day, z.object({ versionId: id, deletionId: id, principal: z.string() })),
  /** Its rows are gone, and the bytes that no other version has. */
  'version.purged': topic(1, 30 * day, z.object({ versionId: id, deletionId: id })),
  /**
   * A reply grows: passed to whoever listens, never kept; key: chat id. `index` counts from 0 without a gap; with `end`,
   * `text` is the whole reply.
   */
  'chat.progressed': topic(
    1,
    0,
    z.object({
      chatId: id,
      messageId: id,
      index: z.number().int(),
      text: z.string(),
      end: z.object({ status: z.enum(['COMPLETE', 'FAILED']), error: z.string().nullable() }).nullable(),
    }),
  ),
  /** Nobody has read the replies of a chat for some seconds: the last reader left at `leftAt`; key: chat id */
  'chat.left': topic(1, day, z.object({ chatId: id, leftAt: z.iso.datetime() })),
  /** models could not make a version of a completed job; key: job id */
  'version.rejected': topic(1, 30 * day, z.object({ jobId: id, error: failure })),

  // every worker and every process, about itself; key: node id or instance
  'node.reported': topic(
    1,
    day,
    z.object({
      nodeId: id,
      name: z.string(),
      cores: z.number().int(),
      memoryBytes: z.number(),
      memoryFreeBytes: z.number(),
      /** One-minute load average. */
      load: z.number(),
      slots: z.number().int(),
      jobIds: z.array(id),
      executors: z.array(z.string()),
      /** What jobs may take of the memory. */
      jobMemoryBytes: z.number().optional(),
      labels: z.array(z.string()).optional(),
      everyMs: z.number().int(),
    }),
  ),
  'node.left': topic(1, day, z.object({ nodeId: id })),
  'service.reported': topic(
    1,
    day,
    z.object({
      service: z.string(),
      instance: id,
      url: z.string().nullable(),
      version: z.string(),
      startedAt: z.iso.datetime(),
      residentBytes: z.number(),
      /** Share of one core since the last report. */
      cpu: z.number(),
      eventLoopLagMs: z.number(),
      everyMs: z.number().int(),
    }),
  ),
  'service.left': topic(1, day, z.object({ service: z.string(), instance: id })),
} as const

export type Topic = keyof typeof topics
export type EventData<T extends Topic> = z.infer<(typeof topics)[T]['data']>

/** The data of every topic, by its name. */
export type TopicData = { readonly [T in Topic]: EventData<T> }

export const isTopic = (name: string): name is Topic => Object.hasOwn(topics, name)

/** How long the log keeps a topic's events, in milliseconds; 0 for what only present listeners get. */
export const retention = (name: string): number => (isTopic(name) ? topics[name].retentionMs : 0)

/** The data as the schema of its topic has it; throws a ZodError when a producer broke its promise. */
export const eventData = <T extends Topic>(name: T, data: unknown): TopicData[T] =>
  topics[name].data.parse(data) as TopicData[T]
