import { DomainError } from '../../../kernel/errors.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import { isModelName } from '../../../schema/values.ts'
import { alteredFile, badModelName, badPath, missingFile, unknownParent, wrongSize } from './errors.ts'
import { isPlainPath, manifestDigest } from './manifest.ts'
import type { Artifacts, CompletedJob, Registrations } from './ports.ts'

interface RegistrationParts {
  readonly registrations: Registrations
  readonly artifacts: Artifacts
}

const outboxRow = createOutbox<TopicData>(eventData)

/**
 * Makes a version of what a job made, or says why it can't. A job has one version, however often this is called for it.
 * `at` is when the job completed.
 */
export async function registerVersion(
  { registrations, artifacts }: RegistrationParts,
  project: string,
  job: CompletedJob,
  at: Date,
): Promise<void> {
  if (await registrations.isRegistered(job.jobId)) return
  try {
    await check({ registrations, artifacts }, project, job)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const data = { jobId: job.jobId, error: { code: error.code, message: error.message } }
    const row = outboxRow('version.rejected', { key: job.jobId, project, data }, at)
    // The same id each time, so that the bus drops what a second delivery of the job would add.
    return registrations.reject({ ...row, id: `evt_rejected_${job.jobId}` })
  }

  const sizeBytes = job.files.reduce((sum, file) => sum + file.sizeBytes, 0)
  await registrations.register({ project, job, digest: manifestDigest(job.files), sizeBytes }, (version, model) => {
    const { id: versionId, modelId, number, jobId, phase, digest } = version
    const data = { versionId, modelId, modelName: model.name, number, jobId, phase, digest, sizeBytes }
    return outboxRow('version.registered', { key: versionId, project, data }, version.createdAt)
  })
}

async function check(
  { registrations, artifacts }: RegistrationParts,
  project: string,
  job: CompletedJob,
): Promise<void> {
  if (!isModelName(job.modelName)) throw badModelName(job.modelName)
  const paths = new Set<string>()
  for (const { path } of job.files) {
    if (!isPlainPath(path) || paths.has(path)) throw badPath(path)
    paths.add(path)
  }
  const known = await registrations.knownVersions(project, job.parents)
  for (const parent of job.parents) if (!known.has(parent)) throw unknownParent(parent, project)
  for (const file of job.files) {
    const stored = await artifacts.inspect(file.digest)
    if (stored === 'missing') throw missingFile(file)
    if (stored === 'altered') throw alteredFile(file)
    if (stored.sizeBytes !== file.sizeBytes) throw wrongSize(file, stored.sizeBytes)
  }
}
