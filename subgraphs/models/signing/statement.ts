import type { JobFacts } from '../histories/ports.ts'
import type { ModelFile, ModelVersion } from '../versions/version.ts'

/** Who made a version from what: the text that is signed. */
export interface Statement {
  readonly version: ModelVersion
  readonly modelName: string
  readonly files: readonly ModelFile[]
  /** Digests of the parents, by id. */
  readonly parents: ReadonlyMap<string, string>
  readonly job: JobFacts | null
}

/** Raised when the form changes; whoever verifies an older one knows what it is. */
const STATEMENT_FORMAT = 'agent-forge/version@1'

/** JSON in a fixed order. It is kept and handed out as it was signed, so no reader has to write it again. */
export function statementText({ version, modelName, files, parents, job }: Statement, keyId: string): string {
  return JSON.stringify({
    format: STATEMENT_FORMAT,
    signedBy: keyId,
    version: {
      id: version.id,
      project: version.project,
      model: modelName,
      number: version.number,
      phase: version.phase,
      parameterCount: version.parameterCount,
      registeredAt: version.createdAt.toISOString(),
    },
    madeBy: version.source
      ? { import: version.source }
      : {
          job: version.jobId,
          run: version.runId,
          step: version.stepName,
          seed: job?.seed ?? null,
          totalSteps: job?.totalSteps ?? null,
          executor: job?.executor ?? null,
          node: job?.nodeId ?? null,
          startedAt: job?.startedAt?.toISOString() ?? null,
        },
    dataset: version.dataset && { id: version.dataset.id, fingerprint: version.dataset.fingerprint },
    parents: version.parentIds.map(id => ({ id, digest: parents.get(id) ?? null })),
    architecture: version.architecture,
    metrics: version.metrics.map(({ name, value }) => ({ name, value })),
    files: files
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes })),
    digest: version.digest,
  })
}
