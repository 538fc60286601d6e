import { DomainError } from '../../../kernel/errors.ts'
import { createOutbox } from '../../../kernel/outbox.ts'
import { eventData, type TopicData } from '../../../schema/events.ts'
import { isModelName } from '../../../schema/values.ts'
import type { Histories } from '../histories/ports.ts'
import type { VersionSigner } from '../signing/ports.ts'
import { statementText } from '../signing/statement.ts'
import type { ModelVersion } from '../versions/version.ts'
import { alteredFile, badModelName, badPath, missingFile, unknownParent, wrongSize } from './errors.ts'
import { isPlainPath, manifestDigest } from './manifest.ts'
import type { Artifacts, CompletedJob, Made, Registrations } from './ports.ts'

export interface RegistrationParts {
  readonly registrations: Registrations
  readonly artifacts: Artifacts
  readonly signer: VersionSigner
  readonly histories: Pick<Histories, 'facts'>
}

/** Why a job has no version. */
export interface Rejection {
  readonly rejected: DomainError
}

const outboxRow = createOutbox<TopicData>(eventData)

/**
 * Makes a version of what a job made, or says why it can't. A job has one version, however often this is called for it.
 * `at` is when the job completed.
 */
export async function registerVersion(
  parts: RegistrationParts,
  project: string,
  job: CompletedJob,
  at: Date,
): Promise<ModelVersion | Rejection> {
  const known = await parts.registrations.ofJob(job.jobId)
  if (known) return known
  try {
    return await addVersion(parts, project, job)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    const data = { jobId: job.jobId, error: { code: error.code, message: error.message } }
    const row = outboxRow('version.rejected', { key: job.jobId, project, data }, at)
    // The same id each time, so that the bus drops what a second delivery of the job would add.
    await parts.registrations.reject({ ...row, id: `evt_rejected_${job.jobId}` })
    return { rejected: error }
  }
}

/** The next version of its model, checked, signed and announced. Throws INVALID_INPUT or NOT_FOUND naming what is wrong. */
export async function addVersion(parts: RegistrationParts, project: string, made: Made): Promise<ModelVersion> {
  const { registrations, histories, signer } = parts
  const parents = await check(parts, project, made)
  const [job = null] = made.jobId ? await histories.facts([made.jobId]) : []
  const sizeBytes = made.files.reduce((sum, file) => sum + file.sizeBytes, 0)
  return registrations.register(
    { project, made, digest: manifestDigest(made.files), sizeBytes },
    {
      seal: (version, { name: modelName }) =>
        signer.seal(statementText({ version, modelName, files: made.files, parents, job }, signer.keyId)),
      announce: (version, model) => {
        const { id: versionId, modelId, number, jobId, phase, digest } = version
        const { files, architecture } = made
        const place = { versionId, modelId, modelName: model.name, number, jobId, phase }
        const data = { ...place, digest, sizeBytes, files: [...files], architecture }
        return outboxRow('version.registered', { key: versionId, project, data }, version.createdAt)
      },
    },
  )
}

/** The digests of the parents, by id. */
async function check(
  { registrations, artifacts }: RegistrationParts,
  project: string,
  made: Made,
): Promise<ReadonlyMap<string, string>> {
  if (!isModelName(made.modelName)) throw badModelName(made.modelName)
  const paths = new Set<string>()
  for (const { path } of made.files) {
    if (!isPlainPath(path) || paths.has(path)) throw badPath(path)
    paths.add(path)
  }
  const known = await registrations.knownVersions(project, made.parents)
  for (const parent of made.parents) if (!known.has(parent)) throw unknownParent(parent, project)
  for (const file of made.files) {
    const stored = await artifacts.inspect(file.digest)
    if (stored === 'missing') throw missingFile(file)
    if (stored === 'altered') throw alteredFile(file)
    if (stored.sizeBytes !== file.sizeBytes) throw wrongSize(file, stored.sizeBytes)
  }
  return known
}
